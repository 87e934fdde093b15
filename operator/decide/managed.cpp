// Routes with a template (ownership Managed): made where they are missing, written anew where the template was edited. Users come in by
// them, so that neither waits for pauses or evidence; and neither moves anybody.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::ComponentTraffic;
using model::RouteRef;
using model::RouteState;

/// Null where the route has no template, or nobody looked.
const RouteObservation* ManagedOf(const Context& context, const RouteRef& route) {
  const auto it = context.seen.routes.find(route.name);
  return route.manifest.empty() || it == context.seen.routes.end() ? nullptr : &it->second;
}

bool IsMissing(const RouteObservation& seen) { return std::holds_alternative<Missing>(seen.state); }

bool IsHeld(const Context& context) { return Enforces(context.status, context.seen.finalizer_present); }

/// As the status says. Before it began the template says where users go.
std::vector<ComponentTarget> AllRecorded(const Context& context, const std::string& route) {
  std::vector<ComponentTarget> recorded;
  if (context.status.routes.empty()) return recorded;
  for (const ComponentStatus& component : context.status.components) recorded.push_back(Recorded(context, route, component));
  return recorded;
}

/// As the route shows, where nobody holds it to anything. Nothing where that is no percentage.
std::optional<std::vector<ComponentTarget>> AllShown(const RouteState& state) {
  std::vector<ComponentTarget> shown;
  for (const ComponentTraffic& traffic : state.components) {
    if (!traffic.any_target) continue;
    if (!traffic.weight) return std::nullopt;
    shown.push_back({traffic.component, *traffic.weight, false, true});
  }
  return shown;
}

/// What must not be written while users go back, somebody else resets the weights, or a side is dead.
bool MustWait(const Context& context, const std::string& route, const RouteState& state) {
  if (!IsHeld(context)) return false;
  const auto drift = std::ranges::find(context.status.drift, route, &model::DriftRecord::route);
  if (drift != context.status.drift.end() && InConflict(*drift)) return true;
  return std::ranges::any_of(context.status.components, [&](const ComponentStatus& component) {
    const ComponentTraffic* traffic = TrafficOf(state, component.name);
    return component.phase == model::Phase::kRollingBack || (traffic != nullptr && MovesToDeadSide(context, route, *traffic, component));
  });
}

/// Why a route does not become what its template says; nothing where it is, or is about to be.
std::optional<Blocker> Obstacle(const RouteObservation& seen, const RouteRef& route) {
  if (!IsMissing(seen) && !(seen.ours && seen.template_pending)) return std::nullopt;
  if (seen.refused) {
    return Blocker{std::string(reason::kTemplateRefused),
                   fmt::format("route {}: the API server refuses what its template says ({}); correct the template, or let the operator "
                               "create and patch HTTPRoutes",
                               route.object, *seen.refused),
                   true};
  }
  if (IsMissing(seen)) return std::nullopt;
  const auto keeps = [&](std::string_view why) {
    return Blocker{std::string(reason::kTemplateNotApplied),
                   fmt::format("route {} is kept as it is, the edited template is not written: {}", route.object, why), true};
  };
  if (seen.template_problem) return keeps(seen.template_problem->message);
  return std::nullopt;
}

std::optional<Blocker> ObstacleOf(const Context& context, const RouteRef& route) {
  const RouteObservation* seen = ManagedOf(context, route);
  if (seen == nullptr || !seen->claims.empty()) return std::nullopt;
  if (auto obstacle = Obstacle(*seen, route)) return obstacle;
  const auto* state = std::get_if<RouteState>(&seen->state);
  if (state == nullptr || !seen->ours || !seen->template_pending || IsHeld(context) || AllShown(*state)) return std::nullopt;
  return Blocker{
      std::string(reason::kTemplateNotApplied),
      fmt::format("route {} is kept as it is, the edited template is not written: its weights are no whole percentage that could "
                  "be kept",
                  route.object),
      true};
}

/// As the condition has it, which names one thing at a time: what it does not name is told when its turn comes.
bool IsNews(const Context& context, const Blocker& blocker) {
  const auto first = std::ranges::find_if(context.blockers, &Blocker::needs_person);
  if (ConflictBlocker(context) || (first != context.blockers.end() && first->message != blocker.message)) return false;
  return std::ranges::none_of(context.status.conditions, [&](const model::Condition& condition) {
    return condition.type == "Stalled" && condition.reason == blocker.reason && condition.message == blocker.message;
  });
}

}  // namespace

std::optional<Blocker> TemplateBlocker(const Context& context, const RouteRef& route) {
  if (auto obstacle = ObstacleOf(context, route)) return obstacle;
  if (!TemplatePending(context, route)) return std::nullopt;
  return Blocker{std::string(reason::kApplying), fmt::format("the template to be written to route {}", route.object), false};
}

bool TemplatePending(const Context& context, const RouteRef& route) {
  const RouteObservation* seen = ManagedOf(context, route);
  return seen != nullptr && seen->ours && seen->template_pending && seen->claims.empty();
}

void NoteTemplates(Context& context) {
  const bool edited = context.next().evidence_hash != context.status.evidence_hash;
  for (const RouteRef& route : context.spec.routes) {
    const RouteObservation* seen = ManagedOf(context, route);
    if (seen == nullptr) continue;
    if (edited && std::holds_alternative<RouteState>(seen->state) && !seen->ours) {
      context.Tell(false, reason::kTemplateUnused,
                   fmt::format("route {} was there before: it is kept, its template is for when it is missing", route.object));
    }
    const auto obstacle = ObstacleOf(context, route);
    if (!obstacle) continue;
    if (IsNews(context, *obstacle)) context.Tell(true, obstacle->reason, obstacle->message);
    context.blockers.push_back(*obstacle);
  }
}

void PlanMissing(Context& context, Tried tried) {
  if (context.seen.deleting) return;
  for (const RouteRef& route : context.spec.routes) {
    const RouteObservation* seen = ManagedOf(context, route);
    if (seen == nullptr || !IsMissing(*seen) || !seen->claims.empty()) continue;
    if (seen->refused.has_value() == (tried == Tried::kRefused)) context.Do(CreateRoute{route.name, AllRecorded(context, route.name)});
  }
}

void PlanTemplates(Context& context) {
  if (context.seen.deleting) return;
  for (const RouteRef& route : context.spec.routes) {
    const RouteState* state = StateOf(context, route.name);
    if (state == nullptr || !TemplatePending(context, route) || MustWait(context, route.name, *state)) continue;
    if (ManagedOf(context, route)->template_problem) continue;
    const auto kept = IsHeld(context) ? AllRecorded(context, route.name) : AllShown(*state);
    if (kept) context.Do(ApplyTemplate{route.name, *kept});
  }
}

}  // namespace softmig::decide
