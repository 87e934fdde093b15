#include "kube/client/status_error.hpp"

#include "fuzz/targets/require.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::fuzz {
namespace {

void CheckError(const base::Error& error) {
  Require(error.message.starts_with("HTTP "), "the message says the status");
  Require(error.message.size() <= 520, "the message is bounded");
  Require(!HasControlBytes(error.message), "the message is one line");
  Require(IsUtf8(error.message), "the message is UTF-8");
  if (error.retry_after_seconds) {
    Require(*error.retry_after_seconds >= 0 && *error.retry_after_seconds <= 3600, "nobody makes us wait for more than an hour");
  }
}

}  // namespace

int FuzzStatusError(Bytes data) {
  std::string_view text = TextOf(data);
  http::Response response;
  response.status = NumberOf(TakeLine(text));
  const std::string_view delay = TakeLine(text);
  if (!delay.empty()) response.headers.emplace_back("retry-after", delay);
  response.body = text;

  const base::Error error = kube::ErrorFromResponse(response);
  CheckError(error);
  Require(error.http_status == response.status, "the status is kept");
  Require(!kube::IsFailedPatchTest(response) || response.status == 422, "only a 422 is a failed test");
  if (const auto body = kube::ParseJson(response.body)) {
    const base::Error event = kube::ErrorFromStatus(*body);
    CheckError(event);
    Require(event.http_status >= 400 && event.http_status < 600, "an ERROR event is an error");
  }
  return 0;
}

}  // namespace softmig::fuzz
