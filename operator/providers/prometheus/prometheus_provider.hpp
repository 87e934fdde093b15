#pragma once

#include "providers/metric_provider.hpp"

namespace softmig::providers {

/// Instant and range queries of Prometheus' HTTP API (/api/v1/query, /api/v1/query_range), which Thanos, Mimir and VictoriaMetrics speak
/// too. Stateless, thread-safe, never throws.
///
/// An answer of which the server says that part of its data is missing is an error: a counter without some of its series, and later
/// with them, would look like requests.
class PrometheusProvider final : public MetricProvider {
 public:
  /// GET; a form by POST where the URL would be longer than 4 KiB.
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// A number only from a scalar, or from a vector of exactly one series. Answers above 1 MiB or nested deeper than 64 are
  /// errors and not looked into.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;
  /// A vector of buckets with all their labels. A bound that no bucket has is an error that names the nearest ones. Native histograms are
  /// errors: they cannot tell exactly.
  [[nodiscard]] HistogramReadings ParseHistogram(const http::Response& response, double bound) const override;
  [[nodiscard]] base::Result<http::Request> RangeRequest(const RangeQuery& query) const override;
  /// Series by series, never as a tree: answers up to kMaxRangeBody. An instant that was not asked for, or twice the same in a series, is
  /// an error of the whole answer.
  [[nodiscard]] RangeReadings ParseRange(const http::Response& response, const RangeQuery& query) const override;
  [[nodiscard]] HistogramRangeReadings ParseHistogramRange(const http::Response& response, const RangeQuery& query,
                                                           double bound) const override;
};

}  // namespace softmig::providers
