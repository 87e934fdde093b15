// The CEL rules of the CRDs, by hand: there is no CEL here.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "sim/api/schema.hpp"

namespace softmig::sim {

/// The function that does what this rule of crds/softmigration.io_softmigrations.yaml says; nothing for any other text, so that a
/// changed rule is noticed.
std::optional<RuleCheck> FindMigrationRule(std::string_view text);

/// The same for the words that schemas/httproute.yaml puts in the place of the Gateway API's rules.
std::optional<RuleCheck> FindRouteRule(std::string_view text);

using RuleTable = std::map<std::string, RuleCheck, std::less<>>;

/// Those of FindMigrationRule on sides, routes and components.
void AddSpecRules(RuleTable& book);
/// Those on the kinds of routes.
void AddBridgeRules(RuleTable& book);
/// Whether the `components` of a metric or of a compare rule are names of the spec's.
bool NamesComponents(const nlohmann::json& spec, const nlohmann::json& user);

}  // namespace softmig::sim
