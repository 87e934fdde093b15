// What must be known to be well before a weight rises. The first thing that is not is named; messages hold nothing that changes by itself.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::RouteProblem;
using model::RouteRef;

Blocker Waiting(std::string_view why, std::string message) { return {std::string(why), std::move(message), false}; }
Blocker NeedsPerson(std::string_view why, std::string message) { return {std::string(why), std::move(message), true}; }

/// The code of an error text ("Forbidden: get ...") in brackets: the rest may differ at each attempt, and what is written into status
/// wakes us again.
std::string CodeOf(const std::string& error) {
  const auto colon = error.find(':');
  if (colon == std::string::npos || colon > 32) return "";
  return error.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") < colon ? "" : " (" + error.substr(0, colon) + ")";
}

std::optional<Blocker> SideBlocker(const Observed<BackendState>& seen, const model::Side& side) {
  if (const auto* missing = std::get_if<Missing>(&seen)) {
    return Waiting(reason::kServiceNotFound, fmt::format("Service {}: {}", side.service, missing->why));
  }
  if (const auto* failed = std::get_if<Failed>(&seen)) {
    return Waiting(reason::kReadFailed, fmt::format("Service {} cannot be read{}", side.service, CodeOf(failed->error)));
  }
  const auto& state = std::get<BackendState>(seen);
  if (!state.port_found) return Waiting(reason::kPortNotFound, fmt::format("Service {} has no port {}", side.service, side.port));
  if (!Serves(seen)) return Waiting(reason::kNoReadyEndpoints, fmt::format("Service {} has no ready endpoint", side.service));
  return std::nullopt;
}

std::optional<Blocker> ProblemOf(const std::vector<RouteProblem>& problems, const RouteRef& route) {
  if (problems.empty()) return std::nullopt;
  return NeedsPerson(problems.front().reason, fmt::format("route {}: {}", route.object, problems.front().message));
}

std::optional<Blocker> StateBlocker(const model::RouteState& state, const RouteRef& route) {
  if (auto blocker = ProblemOf(state.problems, route)) return blocker;
  for (const model::ComponentTraffic& traffic : state.components) {
    if (auto blocker = ProblemOf(traffic.problems, route)) return blocker;
  }
  if (state.acceptance == model::Acceptance::kRejected) {
    return Waiting(reason::kRouteNotAccepted, fmt::format("route {}: {}", route.object, state.acceptance_message));
  }
  return std::nullopt;
}

std::optional<Blocker> OneRouteBlocker(const Context& context, const RouteObservation& seen, const RouteRef& route) {
  if (auto blocker = TemplateBlocker(context, route)) return blocker;
  if (const auto* missing = std::get_if<Missing>(&seen.state)) {
    if (auto blocker = ProblemOf(seen.claims, route)) return blocker;
    return Waiting(reason::kRouteNotFound, fmt::format("route {}: {}", route.object, missing->why));
  }
  if (const auto* failed = std::get_if<Failed>(&seen.state)) {
    return Waiting(reason::kReadFailed, fmt::format("route {} cannot be read{}", route.object, CodeOf(failed->error)));
  }
  if (auto blocker = ProblemOf(seen.claims, route)) return blocker;
  return StateBlocker(std::get<model::RouteState>(seen.state), route);
}

/// Routes and components stay the same ones from adoption to release: what left the spec would be left behind at its weight.
std::optional<Blocker> IdentityBlocker(const Context& context) {
  constexpr std::string_view kHint = "put it back, or set desiredPhase to Pending first";
  for (const model::ComponentStatus& component : context.next().components) {
    if (SpecOf(context, component.name) != nullptr) continue;
    return NeedsPerson(reason::kInvalidSpec,
                       fmt::format("component {} left the spec while its traffic is moved: {}", component.name, kHint));
  }
  const auto& saved = context.next().routes;
  if (saved.empty()) return std::nullopt;
  const bool same = saved.size() == context.spec.routes.size() && std::ranges::all_of(context.spec.routes, [&](const RouteRef& route) {
                      return std::ranges::find(saved, route.name, &model::SavedRoute::name) != saved.end();
                    });
  if (same) return std::nullopt;
  return NeedsPerson(reason::kInvalidSpec, "spec.routes are not those that were adopted: set desiredPhase to Pending first");
}

std::optional<Blocker> AcceptanceBlocker(const Context& context) {
  for (const RouteRef& route : context.spec.routes) {
    const model::RouteState* state = StateOf(context, route.name);
    if (state != nullptr && state->acceptance == model::Acceptance::kAccepted) continue;
    return Waiting(reason::kRouteNotAccepted, fmt::format("the gateway to accept route {}", route.object));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Blocker> RouteBlocker(const Context& context) {
  if (auto blocker = IdentityBlocker(context)) return blocker;
  for (const RouteRef& route : context.spec.routes) {
    const auto it = context.seen.routes.find(route.name);
    const RouteObservation& seen = it == context.seen.routes.end() ? RouteObservation{Failed{}, {}, {}, false, {}} : it->second;
    if (auto blocker = OneRouteBlocker(context, seen, route)) return blocker;
  }
  if (context.spec.flags.empty() || context.seen.header_flags_supported) return std::nullopt;
  return NeedsPerson(reason::kUnsupportedByRouter, "plan.shift.flags: this kind of route cannot route by header");
}

std::optional<Blocker> SidesBlocker(const Context& context) {
  if (auto blocker = SideBlocker(context.seen.legacy, context.spec.legacy)) return blocker;
  return SideBlocker(context.seen.target, context.spec.target);
}

std::optional<Blocker> GateBlocker(const Context& context) {
  if (auto blocker = RouteBlocker(context)) return blocker;
  if (auto blocker = SidesBlocker(context)) return blocker;
  if (auto blocker = BridgeBlocker(context)) return blocker;
  return AcceptanceBlocker(context);
}

std::optional<Blocker> PreflightBlocker(Context& context, const model::ComponentStatus& component) {
  if (auto blocker = EntranceTakenBlocker(context)) return blocker;
  if (auto blocker = GateBlocker(context)) return blocker;
  for (const auto& [name, route] : context.seen.routes) {
    if (route.snapshot_error && context.next().routes.empty()) {
      return NeedsPerson(reason::kRouteTooLarge, fmt::format("route {}: {}", name, *route.snapshot_error));
    }
  }
  return StartBlocker(context, component);
}

}  // namespace softmig::decide
