#pragma once

#include "providers/metric_provider.hpp"

namespace softmig::providers {

/// Instant queries of Prometheus' HTTP API (/api/v1/query), which Thanos, Mimir and VictoriaMetrics speak too.
/// Stateless, thread-safe, never throws.
class PrometheusProvider final : public MetricProvider {
 public:
  /// GET; a form by POST where the URL would be longer than 4 KiB.
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// A number only from a scalar, or from a vector of exactly one series. Answers above 1 MiB or nested deeper than 64 are
  /// errors and not looked into.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;
};

}  // namespace softmig::providers
