#include <algorithm>
#include <optional>

#include "agent/wire/external_processor.pb.h"
#include "agent/wire/feed.hpp"
#include "fuzz/targets/require.hpp"

/// One stream of Envoy's external processing protocol: each message behind its length in two bytes, the higher one first.
namespace softmig::fuzz {
namespace {

using agent::Capture;

/// As gRPC hands them over. What is no message ends the stream, as gRPC does it.
bool NextMessage(Bytes& data, envoy::service::ext_proc::v3::ProcessingRequest& message) {
  if (data.size() < 2) return false;
  const std::size_t length = std::min<std::size_t>(data.size() - 2, data[0] * 256U + data[1]);
  const Bytes body = data.subspan(2, length);
  data = data.subspan(2 + length);
  return message.ParseFromArray(body.data(), static_cast<int>(body.size()));
}

bool HasLineBreaks(const std::string& text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos; }

void CheckExchange(const agent::CapturedExchange& exchange, const agent::CaptureLimits& limits) {
  Require(exchange.request.target.starts_with('/') && exchange.request.target.find(' ') == std::string::npos,
          "the target can be asked for");
  Require(!HasLineBreaks(exchange.request.target) && !HasLineBreaks(exchange.request.authority), "one line stays one line");
  for (const auto& [name, value] : exchange.request.headers) {
    Require(!name.empty() && name.front() != ':' && !HasLineBreaks(name) && !HasLineBreaks(value), "a header stays one header");
  }
  Require(exchange.request.headers.size() <= limits.header_fields, "the headers are bounded");
  Require(exchange.request.body.size() <= limits.request_body, "the request is bounded");
  Require(exchange.answer.body.size() <= limits.response_body, "the answer is bounded");
  Require(exchange.answer.status >= 100 && exchange.answer.status <= 599, "the status is one");
}

agent::CaptureLimits SmallLimits() {
  agent::CaptureLimits limits;
  limits.header_fields = 8;
  limits.header_bytes = 512;
  limits.request_body = 64;
  limits.response_body = 128;
  return limits;
}

void CheckStream(Bytes data, const agent::WatchPlan& plan, const agent::CaptureLimits& limits, agent::MemoryBudget& budget) {
  Capture capture(plan, limits, budget);
  envoy::service::ext_proc::v3::ProcessingRequest message;
  bool is_over = false;
  while (NextMessage(data, message)) {
    const bool was_eligible = capture.eligible().has_value();
    const bool wants_more = Feed(message, capture) == Capture::Want::kMore;
    Require(!is_over || !wants_more, "what is over stays over");
    Require(!was_eligible || capture.eligible(), "what is eligible stays eligible");
    is_over = !wants_more;
  }
  capture.Stop(compare::Reason::kIncomplete);
  const agent::CaptureEnd end = capture.Take();
  Require(std::holds_alternative<agent::Skip>(end) == !capture.eligible(), "a stream is skipped or eligible, never both");
  if (const auto* exchange = std::get_if<agent::CapturedExchange>(&end)) return CheckExchange(*exchange, limits);
  Require(budget.used() == 0, "a copy that was given up holds nothing");
}

}  // namespace

int FuzzExtProc(Bytes data) {
  static const agent::WatchPlan kPlan{
      {{"pay", {"pay"}, *compare::RuleSet::Make(compare::CompareSpec(), "pay")}, {"rest", {}, *compare::RuleSet::Make({}, "rest")}},
      {},
      {"next"}};
  for (const std::size_t memory : {std::size_t{700}, std::size_t{1} << 20U}) {
    agent::MemoryBudget budget(memory);
    CheckStream(data, kPlan, SmallLimits(), budget);
    Require(budget.used() == 0, "all memory is given back");
  }
  return 0;
}

}  // namespace softmig::fuzz
