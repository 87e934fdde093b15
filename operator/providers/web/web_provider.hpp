#pragma once

#include <string>

#include "providers/metric_provider.hpp"
#include "providers/web/selection.hpp"

namespace softmig::providers {

struct WebSettings {
  Selection selection{};
  http::Method method = http::Method::kGet;       ///< kGet or kPost
  std::string path{};                             ///< of a POST, behind the address
  std::string content_type = "application/json";  ///< of a POST's body
};

/// One number out of a JSON text that any web service gives. Query::text is the path and query of a GET ("/summary?service=x", may be
/// empty), or the body of a POST. Immutable, thread-safe.
class WebProvider final : public MetricProvider {
 public:
  explicit WebProvider(WebSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// A number, or a text that is one. null is no data. Something missing on the way, a list or an object is an error that says where.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  WebSettings settings_;
};

}  // namespace softmig::providers
