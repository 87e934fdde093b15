#pragma once

#include <string>

#include "simulate/run.hpp"
#include "view/paint.hpp"

namespace softmig::simulate {

struct Simulation {
  std::string name;     ///< "shop/payments"
  std::string assumes;  ///< "100 requests a second, …": one line
  Timeline timeline;
};

/// "100 requests a second, 0.1 % of legacy's bad, 0.2 % of the target's".
std::string Describe(const Moment& begin);

/// What a person reads: the outcome, the steps, what the operator would have told, and the users.
std::string ToText(const Simulation& simulation, view::Colour colour);
/// One JSON object, as docs/kubectl.md describes it; no trailing newline.
std::string ToJson(const Simulation& simulation);

}  // namespace softmig::simulate
