#include "kube/client/status_error.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxMessage = 500;
constexpr double kMaxRetryAfterSeconds = 3600;

base::ErrorCode CodeFor(int status) {
  switch (status) {
    case 401: return base::ErrorCode::kUnauthorized;
    case 403: return base::ErrorCode::kForbidden;
    case 404: return base::ErrorCode::kNotFound;
    case 409: return base::ErrorCode::kConflict;
    case 410: return base::ErrorCode::kGone;
    case 429: return base::ErrorCode::kThrottled;
    default: break;
  }
  if (status >= 500) return base::ErrorCode::kUnavailable;
  if (status >= 400) return base::ErrorCode::kInvalid;
  return base::ErrorCode::kInternal;
}

/// One line, without control bytes, of bounded length, never cut within a UTF-8 character.
std::string OneLine(std::string text) {
  std::size_t end = std::min(text.size(), kMaxMessage);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

std::optional<double> ReadSeconds(std::string_view text) {
  int seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::min<double>(seconds, kMaxRetryAfterSeconds);
}

base::Error Describe(int http_status, const nlohmann::json& status) {
  base::Error error;
  error.code = CodeFor(http_status);
  error.http_status = http_status;
  const std::string message = OneLine(StringField(status, "message"));
  error.message = "HTTP " + std::to_string(http_status) + (message.empty() ? "" : ": " + message);
  const std::int64_t seconds = IntField(Child(status, "details"), "retryAfterSeconds");
  if (seconds > 0) error.retry_after_seconds = std::min(static_cast<double>(seconds), kMaxRetryAfterSeconds);
  return error;
}

nlohmann::json StatusOf(const http::Response& response) {
  auto parsed = ParseJson(response.body);
  return parsed ? std::move(*parsed) : nlohmann::json();
}

}  // namespace

base::Error ErrorFromResponse(const http::Response& response) {
  base::Error error = Describe(response.status, StatusOf(response));
  if (const auto header = http::Find(response.headers, "Retry-After")) {
    if (const auto seconds = ReadSeconds(*header)) error.retry_after_seconds = seconds;
  }
  return error;
}

base::Error ErrorFromStatus(const nlohmann::json& status) {
  const std::int64_t code = IntField(status, "code");
  return Describe(code >= 400 && code < 600 ? static_cast<int>(code) : 500, status);
}

bool IsFailedPatchTest(const http::Response& response) {
  if (response.status != 422) return false;
  const nlohmann::json status = StatusOf(response);
  const nlohmann::json& details = Child(status, "details");
  return StringField(status, "kind") == "Status" && Child(details, "causes").empty() && StringField(details, "name").empty();
}

}  // namespace softmig::kube
