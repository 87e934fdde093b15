#include "providers/prometheus/prometheus_provider.hpp"

#include "provider_conformance.hpp"

namespace softmig::providers::testing {
namespace {

std::string Vector(const std::string& result) { return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}"; }

INSTANTIATE_TEST_SUITE_P(Providers, ProviderConformance,
                         ::testing::Values(ProviderCase{
                             "Prometheus", [] { return std::make_unique<PrometheusProvider>(); },
                             Vector(R"({"metric":{},"value":[1.5,"0.25"]})"), Vector(""), Vector(R"({"metric":{},"value":[1,"NaN"]})"),
                             Vector(R"({"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"2"]})"), 400,
                             R"({"status":"error","errorType":"bad_data","error":"parse error: boom"})"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace softmig::providers::testing
