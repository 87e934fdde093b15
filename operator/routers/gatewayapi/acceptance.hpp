#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/route_state.hpp"

namespace softmig::routers {

struct AcceptanceReport {
  model::Acceptance acceptance = model::Acceptance::kWaiting;
  std::string message;  ///< why it is not accepted; empty where it is
};

/// What `status.parents` of a Gateway API route says about the current generation. Conditions about an older generation
/// count as silence. One refusal outweighs everything.
AcceptanceReport ReadAcceptance(const nlohmann::json& object);

}  // namespace softmig::routers
