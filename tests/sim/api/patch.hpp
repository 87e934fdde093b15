// The bodies of PATCH.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/api/refusal.hpp"

namespace softmig::sim {

/// RFC 7386, in place.
void MergePatch(const nlohmann::json& patch, nlohmann::json& target);

/// RFC 6902. A patch that is no list: 400; one that does not fit the object: 422 without details, as the API server answers.
Outcome<nlohmann::json> JsonPatch(const nlohmann::json& patch, const nlohmann::json& target);

}  // namespace softmig::sim
