#pragma once

#include <cstddef>
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

/// The same query at start, start + step, … up to and including end. A frontend that aligns ranges (Thanos has one) leaves this as it is
/// where start and end are multiples of step since 1970; else the answer is refused.
struct RangeQuery {
  std::string address;
  std::string text;
  base::WallTime start, end;
  base::Millis step{};
};

inline constexpr std::size_t kMaxInstants = 11'000;  ///< of a range; what Prometheus answers at most

/// How many instants a range has; kInvalid where it has none, too many, or begins before 1970.
base::Result<std::size_t> InstantsOf(const RangeQuery& query);
/// The `index`th instant.
inline base::WallTime InstantOf(const RangeQuery& query, std::size_t index) { return query.start + query.step * index; }

/// What a cumulative histogram says of one bound. Both of the same kind, with the same ids, which name the labels without `le`; or both
/// without a number, for the same reason.
struct HistogramReadings {
  model::Reading above;  ///< requests above the bound
  model::Reading total;  ///< all requests
  bool operator==(const HistogramReadings&) const = default;
};

/// A reading for each instant of a RangeQuery, in order; or none, and why.
struct RangeReadings {
  std::string error;                     ///< where not empty, the answer as a whole is useless: as Reading::message
  std::vector<model::Reading> readings;  ///< readings[i] is of InstantOf(query, i), as Parse would have given it then
};
struct HistogramRangeReadings {
  std::string error;
  std::vector<HistogramReadings> readings;
};

/// A source of numbers. Pure: builds a request, reads an answer; thread-safe. Every implementation passes
/// tests/conformance/provider_*.cpp. Nothing here throws.
class MetricProvider {
 public:
  virtual ~MetricProvider() = default;
  /// kInvalid where the address is no http(s) URL.
  [[nodiscard]] virtual base::Result<http::Request> Request(const Query& query) const = 0;
  /// No data, NaN, many series and errors are distinct readings, see model::Reading.
  [[nodiscard]] virtual model::Reading Parse(const http::Response& response) const = 0;

  /// For a query of a histogram's cumulative buckets: what is above `bound`, which must be a bucket's. By default kError.
  [[nodiscard]] virtual HistogramReadings ParseHistogram(const http::Response& response, double bound) const;

  /// Asks about the past. By default kInvalid: not every source can. The answer may be kMaxRangeBody large.
  [[nodiscard]] virtual base::Result<http::Request> RangeRequest(const RangeQuery& query) const;
  /// `query` is the one that was asked.
  [[nodiscard]] virtual RangeReadings ParseRange(const http::Response& response, const RangeQuery& query) const;
  [[nodiscard]] virtual HistogramRangeReadings ParseHistogramRange(const http::Response& response, const RangeQuery& query,
                                                                   double bound) const;
};

}  // namespace softmig::providers
