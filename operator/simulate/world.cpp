#include "simulate/world.hpp"

#include <algorithm>

#include "model/codec.hpp"

namespace softmig::simulate {
namespace {

using decide::ComponentTarget;

constexpr const char* kOurs = "softmigration";

bool IsOn(const model::ComponentSpec& component, const std::string& route) {
  return component.rules.empty() || std::ranges::any_of(component.rules, [&](const model::RuleRef& rule) { return rule.route == route; });
}

const model::SavedRoute* SavedOf(const model::Status& status, const std::string& route) {
  const auto it = std::ranges::find(status.routes, route, &model::SavedRoute::name);
  return it == status.routes.end() ? nullptr : &*it;
}

}  // namespace

bool World::Route::AtRest() const {
  return std::ranges::all_of(components, [](const auto& one) {
    const ComponentTarget& now = one.second;
    return now.weight.value() == 0 && !now.flags && !now.name_target && now.bridge == model::BridgeUse::kNone;
  });
}

World::World(const model::Spec& spec, model::Status status, bool finalizer)
    : spec_(&spec), status_(std::move(status)), finalizer_(finalizer) {
  for (const model::RouteRef& ref : spec.routes) {
    const model::SavedRoute* saved = SavedOf(status_, ref.name);
    Route& route = routes_[ref.name];
    route.uid = saved != nullptr ? saved->uid : "simulated";
    for (const model::ComponentSpec& component : spec.components) {
      if (!IsOn(component, ref.name)) continue;
      const auto recorded = std::ranges::find(status_.components, component.name, &model::ComponentStatus::name);
      const bool known = saved != nullptr && recorded != status_.components.end();
      const bool shifting = known && recorded->phase == model::Phase::kShift;
      if (known && ref.bridge) {
        route.components[component.name] = decide::RecordedAtEntrance(*recorded);
        continue;
      }
      route.components[component.name] = {component.name, known ? recorded->weight : base::Percent(), shifting && !spec.flags.empty(),
                                          shifting};
    }
  }
}

int World::WeightOf(const std::string& component) const {
  for (const auto& [name, route] : routes_) {
    if (name == model::kEntrance) continue;  // the weights are its bridge's
    if (const auto it = route.components.find(component); it != route.components.end()) return it->second.weight.value();
  }
  return 0;
}

decide::Observation World::Observe(const Seen& metrics) const {
  decide::Observation seen;
  seen.generation = std::max<std::int64_t>(status_.observed_generation, 1);
  seen.finalizer_present = finalizer_;
  seen.legacy = decide::BackendState{true, 1};
  seen.target = decide::BackendState{true, target_ready_ ? 1 : 0};
  seen.bridge = decide::BackendState{true, 1};
  for (const auto& [name, route] : routes_) seen.routes[name] = ObserveRoute(name, route);
  seen.metrics = metrics;
  return seen;
}

decide::RouteObservation World::ObserveRoute(const std::string& name, const Route& route) const {
  model::RouteState state;
  state.uid = route.uid;
  state.acceptance = model::Acceptance::kAccepted;
  state.last_writer = kOurs;
  for (const auto& [component, now] : route.components) {
    const bool all_bridge = now.bridge == model::BridgeUse::kAll;
    const bool names_bridge = all_bridge || (now.bridge == model::BridgeUse::kNamed && now.name_target);
    const bool users = now.weight.value() > 0;
    state.components.push_back({component,
                                all_bridge ? std::nullopt : std::optional(now.weight),
                                users || now.name_target,
                                users || now.flags || all_bridge,
                                now.flags ? model::FlagTexts(spec_->flags) : std::vector<std::string>(),
                                {},
                                names_bridge,
                                names_bridge,
                                all_bridge});
  }
  decide::RouteObservation seen;
  seen.state = std::move(state);
  seen.ours = std::ranges::any_of(spec_->routes, [&](const model::RouteRef& ref) { return ref.name == name && !ref.manifest.empty(); });
  if (SavedOf(status_, name) == nullptr) {
    seen.snapshot = "{}";
  } else {
    seen.restore_pending = !route.AtRest();
  }
  return seen;
}

bool World::Apply(const decide::Decision& decision) {
  for (const decide::Action& action : decision.actions) {
    std::visit([this](const auto& one) { Do(one); }, action);
  }
  if (decision.next == status_) return !decision.actions.empty();
  status_ = decision.next;
  return true;
}

void World::Do(const decide::ApplyTraffic& apply) {
  const auto route = routes_.find(apply.route);
  if (route == routes_.end()) return;
  for (const ComponentTarget& component : apply.components) {
    const bool named = route->second.components[component.component].name_target || component.weight.value() > 0;
    route->second.components[component.component] = component;
    route->second.components[component.component].name_target = component.name_target || named;
  }
}

void World::Do(const decide::RestoreRoute& restore) {
  const auto route = routes_.find(restore.route);
  if (route == routes_.end()) return;
  for (auto& [name, component] : route->second.components) component = {name, base::Percent(), false, false};
}

}  // namespace softmig::simulate
