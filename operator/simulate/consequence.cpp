#include "simulate/consequence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/codec.hpp"

namespace softmig::simulate {
namespace {

using model::ComponentStatus;

const ComponentStatus* Find(const model::Status& status, const std::string& name) {
  const auto it = std::ranges::find(status.components, name, &ComponentStatus::name);
  return it == status.components.end() ? nullptr : &*it;
}

std::string Where(const ComponentStatus& component) {
  return fmt::format("{} at {} %", model::Name(component.phase), component.weight.value());
}

bool InFlight(const model::Status& status) {
  return std::ranges::any_of(status.components,
                             [](const ComponentStatus& one) { return one.phase == model::Phase::kShift && one.weight.value() > 0; });
}

/// What becomes of the objects of routes with templates.
void SayTemplates(const Edit& edit, std::vector<std::string>& said) {
  for (const model::RouteRef& route : edit.after->routes) {
    if (route.manifest.empty()) continue;
    const model::RouteRef* before = nullptr;
    if (edit.before != nullptr) {
      const auto it = std::ranges::find(edit.before->routes, route.name, &model::RouteRef::name);
      before = it == edit.before->routes.end() ? nullptr : &*it;
    }
    if (before == nullptr || before->manifest.empty()) {
      said.push_back(fmt::format("HTTPRoute {} is made from its template where it is missing; one that is there is kept", route.object));
    } else if (before->manifest != route.manifest) {
      said.push_back(fmt::format("HTTPRoute {} becomes what the edited template says, where the operator made it; nobody moves by that",
                                 route.object));
    }
  }
}

}  // namespace

std::vector<std::string> Consequences(const Edit& edit, base::WallTime now) {
  std::vector<std::string> said;
  const bool other_evidence = edit.before != nullptr && model::EvidenceHash(*edit.before) != model::EvidenceHash(*edit.after);
  if (other_evidence && InFlight(edit.status))
    said.emplace_back("what was proven so far is about something else now: the present step begins anew");
  SayTemplates(edit, said);
  const NextPasses next = LookAhead(*edit.after, edit.status, edit.finalizer, now);
  for (const decide::Note& note : next.notes) said.push_back(fmt::format("{}: {}", note.reason, note.message));
  for (const ComponentStatus& component : next.status.components) {
    const ComponentStatus* before = Find(edit.status, component.name);
    if (before == nullptr || Where(*before) != Where(component)) {
      said.push_back(fmt::format("{}: {} -> {}", component.name, before == nullptr ? "not there" : Where(*before), Where(component)));
    }
    if (!component.waiting_for.empty()) said.push_back(fmt::format("{} then waits for {}", component.name, component.waiting_for));
  }
  if (said.empty()) said.emplace_back("nothing: it stays where it is");
  return said;
}

}  // namespace softmig::simulate
