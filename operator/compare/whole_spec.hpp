#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/codec.hpp"

namespace softmig::compare {

/// `spec` of a SoftMigration with its `compare`, which model::ParseSpec passes over: it stands below the rules. Gives what that gives, and
/// the mistakes of both, at most model::limits::kErrors. The rules themselves are read again by whoever compares. Pure, never throws.
model::ParsedSpec ParseWholeSpec(const nlohmann::json& spec);

}  // namespace softmig::compare
