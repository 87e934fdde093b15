#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "providers/metric_provider.hpp"

/// What every MetricProvider must do stands in provider_conformance_test.cpp. A new provider adds one ProviderCase with answers as its
/// server would give them.
namespace softmig::providers::testing {

using Kind = model::Reading::Kind;

struct ProviderCase {
  std::string name;
  std::function<std::unique_ptr<MetricProvider>()> make;
  std::string number;   ///< an answer that holds `value`
  std::string nothing;  ///< … no series
  std::string nan;      ///< … NaN, or what the source gives instead: see nan_kind
  std::string many;     ///< … more than one series
  int error_status = 400;
  std::string error;               ///< … an error whose words contain "boom"
  Kind nan_kind = Kind::kNaN;      ///< kNoData where the source says null for it
  Kind many_kind = Kind::kSeries;  ///< kError where a source gives one number only
  bool is_json = true;             ///< else a cut answer may still be whole rows
  std::string query = "up";
  double value = 0.25;
};

/// provider_prometheus_test.cpp
ProviderCase Prometheus();
/// provider_services_test.cpp: whom nobody has run against the real services.
std::vector<ProviderCase> Services();
/// provider_job_test.cpp
ProviderCase Job();

}  // namespace softmig::providers::testing
