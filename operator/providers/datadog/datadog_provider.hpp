#pragma once

#include "providers/credentials.hpp"
#include "providers/metric_provider.hpp"

namespace softmig::providers {

struct DatadogSettings {
  enum class Api { kTimeseries, kScalar };
  /// kTimeseries: GET /api/v1/query, the newest point of each series. kScalar: POST /api/v2/query/scalar, one number over the window.
  Api api = Api::kTimeseries;
  base::Millis window = std::chrono::minutes(5);  ///< how far back is asked
  std::string aggregator = "avg";                 ///< of kScalar: how the window becomes one number (avg, sum, last, min, max, …)
};

/// Datadog's query API; the address is the site's, as in https://api.datadoghq.eu. Values, never counters. Immutable, thread-safe.
class DatadogProvider final : public MetricProvider {
 public:
  explicit DatadogProvider(DatadogSettings settings = {}) : settings_(std::move(settings)) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  DatadogSettings settings_;
};

/// The headers that Datadog wants to see.
Credentials DatadogCredentials(Secret api_key, Secret application_key);

}  // namespace softmig::providers
