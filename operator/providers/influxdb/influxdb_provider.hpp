#pragma once

#include "providers/credentials.hpp"
#include "providers/metric_provider.hpp"

namespace softmig::providers {

/// InfluxDB 2: Query::text is Flux (POST /api/v2/query), evaluated with Query::at as now(). The last row of each table of the answer (CSV),
/// column _value. Values. Immutable, thread-safe.
class InfluxDbProvider final : public MetricProvider {
 public:
  explicit InfluxDbProvider(std::string organization) : organization_(std::move(organization)) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// An answer that is cut off within a row is an error; one that is cut between rows cannot be told from a whole one.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  std::string organization_;
};

/// InfluxDB 1 (and 2 with its old interface): Query::text is InfluxQL (GET /query). The last row of each series that is no null; there must
/// be one column besides time. now() is the server's. Values. Immutable, thread-safe.
class InfluxQlProvider final : public MetricProvider {
 public:
  explicit InfluxQlProvider(std::string database) : database_(std::move(database)) {}
  /// Only by GET, with which InfluxDB lets nobody write; kInvalid where the URL would be longer than 4 KiB.
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  std::string database_;
};

/// The header that InfluxDB 2 wants to see: "Token …".
Credentials InfluxDbCredentials(const Secret& token);

}  // namespace softmig::providers
