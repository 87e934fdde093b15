#pragma once

#include "providers/metric_provider.hpp"

namespace softmig::providers {

struct GraphiteSettings {
  base::Millis window = std::chrono::minutes(5);  ///< how far back is asked
};

/// Graphite's render API (/render?format=json): Query::text is a target. The newest point of each series that is no null. Values.
/// Immutable, thread-safe.
class GraphiteProvider final : public MetricProvider {
 public:
  explicit GraphiteProvider(GraphiteSettings settings = {}) : settings_(settings) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  GraphiteSettings settings_;
};

}  // namespace softmig::providers
