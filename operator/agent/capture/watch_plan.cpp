#include "agent/capture/watch_plan.hpp"

#include <algorithm>

namespace softmig::agent {
namespace {

bool Names(const std::vector<std::string>& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

std::optional<std::size_t> WatchPlan::ComponentOf(std::string_view route) const {
  std::optional<std::size_t> rest;
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (Names(components[i].routes, route)) return i;
    if (components[i].routes.empty() && !rest) rest = i;
  }
  return rest;
}

std::optional<compare::Side> WatchPlan::SideOf(std::string_view cluster) const {
  if (Names(target_clusters, cluster)) return compare::Side::kTarget;
  if (legacy_clusters.empty() || Names(legacy_clusters, cluster)) return compare::Side::kLegacy;
  return std::nullopt;
}

}  // namespace softmig::agent
