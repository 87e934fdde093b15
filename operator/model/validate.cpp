#include "model/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "model/kind_traits.hpp"
#include "model/limits.hpp"
#include "model/route_state.hpp"

namespace softmig::model {
namespace {

/// Notes each text that came before, at the path `path_of(index)`.
template <typename List, typename TextOf, typename PathOf>
void RefuseDoubles(const List& list, TextOf text_of, PathOf path_of, ErrorList& errors) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string text = text_of(list[i]);
    if (text.empty()) continue;
    const auto [first, is_new] = seen.emplace(text, i);
    if (!is_new) errors.Add(path_of(i), fmt::format("is the same as in {}", path_of(first->second)));
  }
}

void ValidateSides(const Spec& spec, ErrorList& errors) {
  if (spec.legacy.service.empty() || spec.legacy.service != spec.target.service) return;
  errors.Add("spec.target.service.name", "must differ from spec.legacy.service.name");
}

std::size_t PlaceOfBridge(const Spec& spec) {
  return static_cast<std::size_t>(std::ranges::find(spec.routes, RouteKind::kBridge, &RouteRef::kind) - spec.routes.begin());
}

/// Where the user writes the object's name.
std::string ObjectPath(const Spec& spec, std::size_t i) {
  if (spec.routes[i].bridge) return fmt::format("spec.routes[{}].bridge.behind.gatewayAPI.name", PlaceOfBridge(spec));
  return fmt::format("spec.routes[{}].{}", i, TraitsOf(spec.routes[i].kind).path);
}

void ValidateRoutes(const Spec& spec, ErrorList& errors) {
  const auto name_path = [](std::size_t i) { return fmt::format("spec.routes[{}].name", i); };
  const auto object_path = [&](std::size_t i) { return ObjectPath(spec, i); };
  RefuseDoubles(spec.routes, [](const RouteRef& route) { return route.name; }, name_path, errors);
  const auto object_of = [](const RouteRef& route) {
    const bool counts = route.kind != RouteKind::kBridge && !route.object.empty();  // of bridges there is at most one
    return counts ? ObjectId(route) : std::string();
  };
  RefuseDoubles(spec.routes, object_of, object_path, errors);
}

void ValidateBridges(const Spec& spec, ErrorList& errors) {
  std::size_t first = spec.routes.size();
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    const RouteRef& route = spec.routes[i];
    if (route.kind != RouteKind::kBridge) continue;
    const std::string path = fmt::format("spec.routes[{}].bridge", i);
    if (first < i) errors.Add(path, fmt::format("a migration has at most one bridge: there is one in spec.routes[{}]", first));
    first = std::min(first, i);
    if (!route.object.empty() && (route.object == spec.legacy.service || route.object == spec.target.service)) {
      errors.Add(path + ".name", "must differ from the names of both Services");
    }
  }
}

/// The route in front of a bridge is one of the migration's, and all its users are on it: the gateway may change requests on the way, so
/// that the bridge could not know again by matches what the gateway has matched.
void ValidateEntrance(const Spec& spec, ErrorList& errors) {
  const RouteRef* entrance = EntranceOf(spec);
  if (entrance == nullptr) return;
  if (spec.routes.size() > limits::kRoutes) {
    errors.Add(fmt::format("spec.routes[{}].bridge.behind", PlaceOfBridge(spec)),
               fmt::format("counts as a route, too: with it there are more than {}", limits::kRoutes));
  }
  if (!spec.components.empty()) {
    errors.Add("spec.components",
               fmt::format("must be left out with a bridge behind a route, as in spec.routes[{}]: all its users are on the bridge",
                           PlaceOfBridge(spec)));
  }
}

/// A Service whose selector is switched must not be what the selectors are taken from.
void ValidateServices(const Spec& spec, ErrorList& errors) {
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    const RouteRef& route = spec.routes[i];
    if (route.kind != RouteKind::kService || route.object.empty()) continue;
    if (route.object != spec.legacy.service && route.object != spec.target.service) continue;
    errors.Add(fmt::format("spec.routes[{}].service.name", i),
               "must differ from the names of both Services: it is switched between what they select");
  }
}

/// Where there is one pair of weights, all users are on it.
void ValidateWhole(const Spec& spec, ErrorList& errors) {
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    const RouteRef& route = spec.routes[i];
    const KindTraits& traits = TraitsOf(route.kind);
    if (!spec.components.empty() && !HasComponents(traits)) {
      errors.Add("spec.components", fmt::format("must be left out with {}, as in spec.routes[{}]: all users are on it", traits.a_kind, i));
    }
    if (route.kind != RouteKind::kCustom) continue;
    if (route.custom.legacy.weight.empty() || route.custom.legacy.weight != route.custom.target.weight) continue;
    errors.Add(fmt::format("spec.routes[{}].custom.target.weight", i), "must differ from legacy's");
  }
}

bool IsComponent(const Spec& spec, const std::string& name) {
  if (spec.components.empty()) return name == "all";
  return std::any_of(spec.components.begin(), spec.components.end(), [&](const ComponentSpec& each) { return each.name == name; });
}

void ValidateNaming(const Spec& spec, const RuleRef& rule, const std::string& path, ErrorList& errors) {
  const auto route = std::ranges::find(spec.routes, rule.route, &RouteRef::name);
  if (route == spec.routes.end()) return;
  const KindTraits& traits = TraitsOf(route->kind);
  if (!HasComponents(traits)) return;  // ValidateWhole says why
  if (rule.rule && !traits.by_name) errors.Add(path + ".rule", fmt::format("rules of {} have no names: give their matches", traits.a_kind));
  if (rule.matches && !traits.by_matches) errors.Add(path + ".matches", fmt::format("rules of {} go by their names", traits.a_kind));
}

/// One rule, one component: otherwise two of them would write the same weights.
void ValidateClaims(const Spec& spec, ErrorList& errors) {
  std::map<std::string, std::string> claimed;
  for (std::size_t i = 0; i < spec.components.size(); ++i) {
    for (std::size_t j = 0; j < spec.components[i].rules.size(); ++j) {
      const RuleRef& rule = spec.components[i].rules[j];
      const std::string path = fmt::format("spec.components[{}].rules[{}]", i, j);
      const auto is_named = [&](const RouteRef& route) { return route.name == rule.route; };
      if (!rule.route.empty() && std::none_of(spec.routes.begin(), spec.routes.end(), is_named)) {
        errors.Add(path + ".route", fmt::format("no route of spec.routes is named \"{}\"", rule.route));
      }
      ValidateNaming(spec, rule, path, errors);
      const std::string id = rule.rule ? "rule:" + *rule.rule : "matches:" + rule.matches.value_or("");
      if (!rule.rule && !rule.matches) continue;
      const auto [first, is_new] = claimed.emplace(rule.route + "/" + id, path);
      if (!is_new) errors.Add(path, fmt::format("claims the same rule as {}", first->second));
    }
  }
}

void ValidateAfter(const Spec& spec, ErrorList& errors) {
  for (std::size_t i = 0; i < spec.components.size(); ++i) {
    const ComponentSpec& component = spec.components[i];
    for (std::size_t j = 0; j < component.after.size(); ++j) {
      const std::string path = fmt::format("spec.components[{}].after[{}]", i, j);
      if (component.after[j] == component.name) {
        errors.Add(path, "a component cannot come after itself");
      } else if (!component.after[j].empty() && !IsComponent(spec, component.after[j])) {
        errors.Add(path, fmt::format("no component is named \"{}\"", component.after[j]));
      }
    }
  }
}

/// Takes away, again and again, the components whose predecessors are all gone; what stays waits for itself.
void ValidateOrder(const Spec& spec, ErrorList& errors) {
  std::set<std::string> done;
  const auto is_free = [&](const ComponentSpec& component) {
    return std::all_of(component.after.begin(), component.after.end(),
                       [&](const std::string& name) { return done.contains(name) || name == component.name || !IsComponent(spec, name); });
  };
  std::size_t before = 0;
  do {
    before = done.size();
    for (const ComponentSpec& component : spec.components) {
      if (is_free(component)) done.insert(component.name);
    }
  } while (done.size() > before);
  for (std::size_t i = 0; i < spec.components.size(); ++i) {
    if (!done.contains(spec.components[i].name))
      errors.Add(fmt::format("spec.components[{}].after", i), "these components wait for each other in a circle");
  }
}

void ValidateSteps(const Spec& spec, ErrorList& errors) {
  if (spec.steps.empty()) return;
  for (std::size_t i = 1; i < spec.steps.size(); ++i) {
    if (spec.steps[i].weight > spec.steps[i - 1].weight) continue;
    errors.Add(fmt::format("spec.plan.shift.steps[{}].weight", i), "weights must rise from step to step");
  }
  const auto switched = std::ranges::find(spec.routes, true, [](const RouteRef& route) { return TraitsOf(route.kind).only_switches; });
  if (switched != spec.routes.end() && spec.steps.front().weight != Percent::Of(100)) {
    errors.Add("spec.plan.shift.steps",
               fmt::format("{} sends everybody to one side: there can be one step only, of weight 100", TraitsOf(switched->kind).a_kind));
  }
  if (spec.steps.back().weight != Percent::Of(100)) {
    errors.Add(fmt::format("spec.plan.shift.steps[{}].weight", spec.steps.size() - 1), "the last step's weight must be 100");
  }
}

void ValidateFlags(const Spec& spec, ErrorList& errors) {
  const auto without = std::ranges::find(spec.routes, false, [](const RouteRef& route) { return TraitsOf(route.kind).header_flags; });
  if (!spec.flags.empty() && without != spec.routes.end()) {
    errors.Add("spec.plan.shift.flags", fmt::format("{} has no header flags", TraitsOf(without->kind).a_kind));
  }
  RefuseDoubles(spec.flags, FlagText, [](std::size_t i) { return fmt::format("spec.plan.shift.flags[{}]", i); }, errors);
  for (std::size_t i = 0; i < spec.flags.size(); ++i) {
    const auto path_of = [i](std::size_t j) { return fmt::format("spec.plan.shift.flags[{}].headers[{}].name", i, j); };
    RefuseDoubles(spec.flags[i].headers, [](const HeaderFlag::Header& header) { return LowerAscii(header.name); }, path_of, errors);
  }
}

void ValidateMetrics(const Spec& spec, ErrorList& errors) {
  const auto path_of = [](std::size_t i) { return fmt::format("spec.analysis.metrics[{}].name", i); };
  RefuseDoubles(spec.metrics, [](const MetricSpec& metric) { return metric.name; }, path_of, errors);
  for (std::size_t i = 0; i < spec.metrics.size(); ++i) {
    const auto& names = spec.metrics[i].components;
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (names[j].empty() || IsComponent(spec, names[j])) continue;
      errors.Add(fmt::format("spec.analysis.metrics[{}].components[{}]", i, j), fmt::format("no component is named \"{}\"", names[j]));
    }
  }
}

bool IsOnBridge(const Spec& spec, const ComponentSpec& component) {
  return std::ranges::any_of(component.rules, [&](const RuleRef& rule) {
    return std::ranges::any_of(spec.routes,
                               [&](const RouteRef& route) { return route.name == rule.route && route.kind == RouteKind::kBridge; });
  });
}

/// What a bridge does not carry it never compares.
void ValidateComparisons(const Spec& spec, ErrorList& errors) {
  const bool has_bridge = std::ranges::any_of(spec.routes, [](const RouteRef& route) { return route.kind == RouteKind::kBridge; });
  for (std::size_t i = 0; i < spec.metrics.size(); ++i) {
    const MetricSpec& metric = spec.metrics[i];
    if (!IsOfBridge(metric)) continue;
    const std::string path = fmt::format("spec.analysis.metrics[{}]", i);
    if (!has_bridge) {
      errors.Add(path + ".bridge", "no route of spec.routes is a bridge, so nothing is compared");
      continue;
    }
    for (const ComponentSpec& component : spec.components) {
      if (component.name.empty() || !Judges(metric, component.name) || IsOnBridge(spec, component)) continue;
      errors.Add(path + ".components", fmt::format("component {} has no rule on the bridge: name those that have", component.name));
    }
  }
}

}  // namespace

void Validate(const Spec& spec, ErrorList& errors) {
  ValidateSides(spec, errors);
  ValidateRoutes(spec, errors);
  ValidateBridges(spec, errors);
  ValidateEntrance(spec, errors);
  ValidateServices(spec, errors);
  ValidateWhole(spec, errors);
  RefuseDoubles(
      spec.components, [](const ComponentSpec& component) { return component.name; },
      [](std::size_t i) { return fmt::format("spec.components[{}].name", i); }, errors);
  ValidateClaims(spec, errors);
  ValidateAfter(spec, errors);
  ValidateOrder(spec, errors);
  ValidateSteps(spec, errors);
  ValidateFlags(spec, errors);
  ValidateMetrics(spec, errors);
  ValidateComparisons(spec, errors);
}

}  // namespace softmig::model
