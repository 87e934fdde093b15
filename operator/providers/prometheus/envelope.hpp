#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "model/sample.hpp"

namespace softmig::providers {

/// What stands around the result in an answer of Prometheus' API.
struct Envelope {
  std::string status, error_type, error, result_type;
  std::string missing;  ///< why part of the data is missing; empty: all of it is there
};

/// A warning that says that data is missing, as Thanos and remote reads give it. Remarks about the query itself are none.
bool TellsOfMissingData(const std::string& warning);

/// Why an answer must not be read: kError with the server's own words. Nothing: it is a success. No envelope: the body is no JSON object.
/// Part of the data is no success: sums without some of their series, and later with them, look like requests.
std::optional<model::Reading> Refusal(const http::Response& response, const std::optional<Envelope>& envelope);

}  // namespace softmig::providers
