#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/spec.hpp"
#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::routers {

/// Header flags become rules of our own, one for each claimed rule and flag. Their names carry all we need to know them
/// again: softmig-<migration>-<component key>-<claimed rule and flag>, the last two as 8 hex digits each.

/// What marks the rules of one component of one legacy system, whatever the migration is called.
std::string ComponentKey(const std::string& component, const model::Side& legacy);

/// The two hashes at the end of one of our names; nothing where the name has another form.
struct OwnTag {
  std::string component_key;
  std::string rule_and_flag;
  auto operator<=>(const OwnTag&) const = default;
};
std::optional<OwnTag> ReadOwnTag(const std::string& name);
/// At most 253 characters; longer migration names are cut.
std::string OwnName(const std::string& migration, const OwnTag& tag);

/// One rule that a flag asks for. Points to what it was planned from, which must outlive it.
struct PlannedFlagRule {
  OwnTag tag;
  const UserRule* rule = nullptr;
  const model::HeaderFlag* flag = nullptr;
};
/// Every claimed rule with every flag; rules with equal ids once, since the later ones never get a request.
std::vector<PlannedFlagRule> PlanFlagRules(const std::string& component_key, const std::vector<const UserRule*>& claimed,
                                           std::span<const model::HeaderFlag> flags);

/// The planned rule without its name: the claimed rule with the flag's headers added to each match and only the target behind it.
/// Null where a match already asks for another value of one of the headers, or would get too many.
nlohmann::json FlagRuleBody(const PlannedFlagRule& planned, const Sides& sides, const RouteDialect& dialect);

/// Equal but for the name and for what the API server fills in by itself.
bool SameFlagRule(const nlohmann::json& live, const nlohmann::json& body, const RouteDialect& dialect);

}  // namespace softmig::routers
