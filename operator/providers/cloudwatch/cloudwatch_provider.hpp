#pragma once

#include "providers/cloudwatch/aws_signature.hpp"
#include "providers/metric_provider.hpp"

namespace softmig::providers {

struct CloudWatchSettings {
  AwsKeys keys;
  base::Millis window = std::chrono::minutes(5);  ///< how far back is asked
  base::Millis period = std::chrono::minutes(1);  ///< of a point, where the query is an expression; whole seconds
};

/// Amazon CloudWatch's GetMetricData; the address is the region's endpoint, as in https://monitoring.eu-west-1.amazonaws.com. Query::text
/// is an expression (Metrics Insights or metric math), or a JSON list of MetricDataQueries of which one returns data. The newest point of
/// each result. Values. Requests are signed for Query::at, which must be now. Immutable, thread-safe.
class CloudWatchProvider final : public MetricProvider {
 public:
  explicit CloudWatchProvider(CloudWatchSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// Results that AWS calls anything but complete are errors.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  CloudWatchSettings settings_;
};

}  // namespace softmig::providers
