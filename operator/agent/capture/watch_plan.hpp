#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/answer.hpp"
#include "compare/rule_set.hpp"

namespace softmig::agent {

/// A part of the traffic that is judged by itself.
struct WatchedComponent {
  std::string name;
  std::vector<std::string> routes;  ///< names of Envoy's routes; empty: all that no other component has
  std::shared_ptr<const compare::RuleSet> rules;
};

/// Where a request belongs, by what Envoy says of it.
struct Origin {
  std::string_view route;    ///< xds.route_name; empty where Envoy did not say
  std::string_view cluster;  ///< xds.cluster_name
};

/// Which requests are watched and by whom they are served. Immutable, shared by all streams.
struct WatchPlan {
  std::vector<WatchedComponent> components;
  std::vector<std::string> legacy_clusters;  ///< names of Envoy's clusters; empty: all but the target's
  std::vector<std::string> target_clusters;
  int controls = 1;  ///< percent of requests that legacy is asked twice

  [[nodiscard]] std::optional<std::size_t> ComponentOf(std::string_view route) const;
  [[nodiscard]] std::optional<compare::Side> SideOf(std::string_view cluster) const;
};

}  // namespace softmig::agent
