#pragma once

#include <cstdint>

#include "providers/credentials.hpp"
#include "providers/metric_provider.hpp"

namespace softmig::providers {

/// New Relic's NerdGraph (POST /graphql): Query::text is NRQL, the address https://api.newrelic.com or https://api.eu.newrelic.com. Values.
/// NRQL says itself how far back it looks (SINCE …), measured by New Relic's clock. Immutable, thread-safe.
class NewRelicProvider final : public MetricProvider {
 public:
  explicit NewRelicProvider(std::int64_t account) : account_(account) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// One number a row; rows of a FACET are series.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  std::int64_t account_;
};

/// The header that New Relic wants to see: a user key.
Credentials NewRelicCredentials(Secret user_key);

}  // namespace softmig::providers
