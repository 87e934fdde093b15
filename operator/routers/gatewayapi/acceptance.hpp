#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "model/route_state.hpp"
#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {

struct AcceptanceReport {
  model::Acceptance acceptance = model::Acceptance::kWaiting;
  std::string message;  ///< why it is not accepted; empty where it is
};

/// What `status.parents` of a Gateway API route says about the current generation. Conditions about an older generation
/// count as silence. One refusal outweighs everything.
AcceptanceReport ReadAcceptance(const nlohmann::json& object);

/// What all routers read alike: uid, resourceVersion, acceptance and who wrote last.
model::RouteState StateHead(const nlohmann::json& object, AcceptanceReport report, SteeredField steered);

/// Where nobody tells: what is written counts as accepted.
AcceptanceReport AcceptedAsWritten(const nlohmann::json& object);

/// The condition of this type among `conditions` of `holder`; null where there is none.
const nlohmann::json* FindCondition(const nlohmann::json* holder, std::string_view type);
/// metadata.generation.
std::optional<std::int64_t> GenerationOf(const nlohmann::json& object);
/// The condition is about this generation.
bool IsCurrent(const nlohmann::json* condition, std::int64_t generation);
/// "WHO says TYPE=False, REASON: MESSAGE".
AcceptanceReport Rejected(const std::string& who, const nlohmann::json& condition, const std::string& message);

}  // namespace softmig::routers
