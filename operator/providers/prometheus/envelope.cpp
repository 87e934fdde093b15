#include "providers/prometheus/envelope.hpp"

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

/// "bad_data: parse error …", or what little there is.
model::Reading ReadError(const http::Response& response, const std::optional<Envelope>& envelope) {
  if (!envelope) return StatusFault(response.status, AsciiOf(response.body));
  if (envelope->error_type.empty() && envelope->error.empty()) {
    return Fault("HTTP " + std::to_string(response.status) + " without a reason");
  }
  return Fault(envelope->error_type + (envelope->error_type.empty() || envelope->error.empty() ? "" : ": ") + envelope->error);
}

}  // namespace

bool TellsOfMissingData(const std::string& warning) { return !warning.starts_with("PromQL "); }

std::optional<model::Reading> Refusal(const http::Response& response, const std::optional<Envelope>& envelope) {
  if (!IsSuccess(response)) return ReadError(response, envelope);
  if (!envelope) return Fault("the answer is no JSON object; does the address speak Prometheus' API?");
  if (envelope->status == "error") return ReadError(response, envelope);
  if (envelope->status != "success") return Fault("the answer has no status: success");
  if (!envelope->missing.empty()) return Fault("part of the data is missing: " + envelope->missing);
  return std::nullopt;
}

}  // namespace softmig::providers
