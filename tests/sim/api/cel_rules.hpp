// The CEL rules of the CRDs, by hand: there is no CEL here.
#pragma once

#include <optional>
#include <string_view>

#include "sim/api/schema.hpp"

namespace softmig::sim {

/// The function that does what this rule of crds/softmigration.io_softmigrations.yaml says; nothing for any other text, so that a
/// changed rule is noticed.
std::optional<RuleCheck> FindMigrationRule(std::string_view text);

/// The same for the words that schemas/httproute.yaml puts in the place of the Gateway API's rules.
std::optional<RuleCheck> FindRouteRule(std::string_view text);

}  // namespace softmig::sim
