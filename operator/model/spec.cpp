#include "model/spec.hpp"

#include <algorithm>

namespace softmig::model {

bool Judges(const MetricSpec& metric, const std::string& component) {
  return metric.components.empty() || std::ranges::find(metric.components, component) != metric.components.end();
}

double ComparedShare(const Spec& spec) {
  const auto bridge = std::ranges::find(spec.routes, RouteKind::kBridge, &RouteRef::kind);
  return bridge == spec.routes.end() ? 1 : bridge->sampling / 100.0;
}

Millis StaleAfter(const Spec& spec) {
  constexpr Millis kLeast{15'000};
  return std::max(3 * spec.interval, kLeast);
}

}  // namespace softmig::model
