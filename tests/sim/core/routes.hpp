#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sim/core/scenario.hpp"

namespace softmig::simulator {

/// Where a component's users go by the rules of one route, read without any of the operator's code.
struct Share {
  int rules = 0;         ///< of the component on this route
  double target = 0;     ///< the largest share of any of them, 0–1
  bool named = false;    ///< one of them names the target, be it with weight 0
  bool flagged = false;  ///< rules of the operator's own send somebody to the target
  bool foreign = false;  ///< a rule names a third backend
};
Share ReadShare(const nlohmann::json& rules, const MigrationPlan& migration, const ComponentPlan& component);

/// Some rule of the operator's own (of any migration) is there.
bool HasOwnRules(const nlohmann::json& rules);
/// spec.rules of a route; an empty list where there is none.
const nlohmann::json& RulesOf(const nlohmann::json& route);
/// The rules of this component only, as text.
std::string RulesText(const nlohmann::json& rules, const MigrationPlan& migration);

/// status.parents says that the present generation is accepted.
bool IsAccepted(const nlohmann::json& route);

}  // namespace softmig::simulator
