#include "model/spec.hpp"

#include <algorithm>

namespace softmig::model {

const RouteRef* EntranceOf(const Spec& spec) {
  const auto found = std::ranges::find_if(spec.routes, [](const RouteRef& route) { return route.bridge.has_value(); });
  return found == spec.routes.end() ? nullptr : &*found;
}

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
