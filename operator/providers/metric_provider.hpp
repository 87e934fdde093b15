#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "model/sample.hpp"

namespace softmig::providers {

/// A query with its place: what a provider turns into a request.
struct Query {
  std::string address;  ///< http(s)://host:port[/prefix]
  std::string text;     ///< placeholders already filled in
  base::WallTime at;    ///< evaluate at this instant
};

/// A source of numbers. Pure: builds a request, reads an answer; thread-safe. Every implementation passes
/// tests/conformance/provider_*.cpp.
class MetricProvider {
 public:
  virtual ~MetricProvider() = default;
  /// kInvalid where the address is no http(s) URL.
  [[nodiscard]] virtual base::Result<http::Request> Request(const Query& query) const = 0;
  /// Never throws. No data, NaN, many series and errors are distinct readings, see model::Reading.
  [[nodiscard]] virtual model::Reading Parse(const http::Response& response) const = 0;
};

}  // namespace softmig::providers
