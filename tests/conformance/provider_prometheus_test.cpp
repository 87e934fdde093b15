#include "providers/prometheus/prometheus_provider.hpp"

#include "provider_conformance.hpp"

namespace softmig::providers::testing {
namespace {

std::string Vector(const std::string& result) { return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}"; }

}  // namespace

ProviderCase Prometheus() {
  ProviderCase prometheus;
  prometheus.name = "Prometheus";
  prometheus.make = [] { return std::make_unique<PrometheusProvider>(); };
  prometheus.number = Vector(R"({"metric":{},"value":[1.5,"0.25"]})");
  prometheus.nothing = Vector("");
  prometheus.nan = Vector(R"({"metric":{},"value":[1,"NaN"]})");
  prometheus.many = Vector(R"({"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"2"]})");
  prometheus.error = R"({"status":"error","errorType":"bad_data","error":"parse error: boom"})";
  return prometheus;
}

}  // namespace softmig::providers::testing
