#include "answers_api/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace softmig::programs {
namespace {

constexpr std::string_view kPath = "/answers/";
constexpr std::size_t kLongest = 1U << 20U;
constexpr std::uint64_t kGiB = 1ULL << 30U;
constexpr std::size_t kPiece = 64U << 10U;
constexpr base::Millis kLateness{10'000};
constexpr base::Millis kDripEvery{1'000};

std::optional<std::size_t> BytesOf(std::string_view target) {
  if (!target.starts_with(kPath)) return std::nullopt;
  target = target.substr(kPath.size(), target.find('?') - kPath.size());
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), bytes);
  if (error != std::errc() || end != target.data() + target.size() || bytes > kLongest) return std::nullopt;
  return bytes;
}

AsyncReply Json(int status, std::string body) {
  AsyncReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

/// A list of things with names, numbers and a flag, as answers of APIs are.
std::string MakeBody(std::size_t bytes, bool is_other) {
  std::string body = fmt::format(R"({{"total":{},"items":[)", is_other ? 18 : 17);
  for (std::size_t row = 0; row == 0 || body.size() + 90 < bytes; ++row) {
    body += fmt::format(R"({}{{"id":{},"name":"item-{:06}","price":{}.{:02},"open":{}}})", row == 0 ? "" : ",", row, row, row * 13 % 900,
                        row * 37 % 100, row % 2 == 0);
  }
  return body + "]}";
}

}  // namespace

AsyncReply Answers::Serve(const AsyncRequest& request) {
  if (request.method == http::Method::kPost) return Json(201, R"({"status":"accepted"})");
  const auto bytes = BytesOf(request.target);
  if (!bytes) return Json(404, R"({"error":"try /answers/1024"})");
  if (manner_ == Manner::kError) return Json(500, R"({"error":"on purpose"})");
  AsyncReply reply = Json(200, BodyOf(*bytes));
  if (manner_ == Manner::kLate) reply.delay = kLateness;
  if (manner_ == Manner::kNever) reply.hang = true;
  if (manner_ == Manner::kDrip) reply.pieces = {reply.body.size(), 1, kDripEvery};
  if (manner_ == Manner::kReset) reply.pieces = {reply.body.size(), reply.body.size(), base::Millis(0), reply.body.size() / 2};
  if (manner_ == Manner::kHuge) reply.pieces = {kGiB, kPiece};
  return reply;
}

const std::string& Answers::BodyOf(std::size_t bytes) {
  std::string& body = bodies_[bytes];
  if (body.empty()) body = MakeBody(bytes, manner_ == Manner::kOther);
  return body;
}

std::optional<Manner> MannerOf(std::string_view name) {
  const auto found = std::ranges::find(kManners, name);
  if (found == kManners.end()) return std::nullopt;
  return static_cast<Manner>(found - kManners.begin());
}

}  // namespace softmig::programs
