#include "providers/web/web_provider.hpp"

#include <nlohmann/json.hpp>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxPostBody = 128U << 10U;

bool IsPath(const std::string& path) { return path.empty() || path.starts_with('/') || path.starts_with('?'); }

}  // namespace

base::Result<http::Request> WebProvider::Request(const Query& query) const {
  const auto base_url = BaseUrl(query.address);
  if (!base_url) return base::Fail(ErrorCode::kInvalid, "the address is no http(s)://host:port[/prefix]: " + AsciiOf(query.address));
  const bool is_post = settings_.method == http::Method::kPost;
  const std::string& path = is_post ? settings_.path : query.text;
  if (!IsPath(path)) return base::Fail(ErrorCode::kInvalid, "the path does not begin with a slash: " + AsciiOf(path));
  http::Request request;
  request.url = *base_url + path;
  if (!http::ParseUrl(request.url)) return base::Fail(ErrorCode::kInvalid, "the path has blanks in it or is longer than a URL may be");
  request.headers = {{"Accept", "application/json"}};
  if (!is_post) return request;
  if (query.text.size() > kMaxPostBody) return base::Fail(ErrorCode::kInvalid, "the body is longer than 128 KiB");
  request.method = http::Method::kPost;
  request.headers.emplace_back("Content-Type", settings_.content_type);
  request.body = query.text;
  return request;
}

model::Reading WebProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  const auto found = settings_.selection.In(*answer);
  if (found.value == nullptr) return Fault("the answer holds nothing at " + found.missing);
  return ReadJsonNumber(found.value);
}

}  // namespace softmig::providers
