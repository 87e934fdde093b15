#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "routers/gatewayapi/flag_rules.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using nlohmann::json;

/// What all of one Render shares. All of it outlives the call.
struct Scene {
  const RuleTable& table;
  Sides sides;
  const RouteDialect& dialect;
};

/// The rules of one component, each rule in at most one of them.
struct Assignment {
  const ComponentIntent* intent = nullptr;
  std::string key;
  std::vector<const UserRule*> rules;
};

/// Where two components claim one rule, the one that sends less to the target has it: the safe side.
std::vector<Assignment> Assign(const Scene& scene, const TrafficIntent& intent) {
  std::vector<const ComponentIntent*> order;
  for (const ComponentIntent& component : intent.components) {
    if (HasRulesOn(component.component, intent.route)) order.push_back(&component);
  }
  std::ranges::stable_sort(order, {}, [](const ComponentIntent* c) { return c->split.target(); });
  std::set<const UserRule*> taken;
  std::vector<Assignment> assignments;
  for (const ComponentIntent* component : order) {
    Assignment assignment{component, ComponentKey(component->component.name, intent.legacy), {}};
    for (const UserRule* rule : ClaimRules(scene.table, component->component, intent.route, scene.sides).rules) {
      if (taken.insert(rule).second) assignment.rules.push_back(rule);
    }
    assignments.push_back(std::move(assignment));
  }
  return assignments;
}

/// It sends to one of the two sides, or to nobody although it could. A rule that sends only to others is not ours any more.
bool IsSteerable(const UserRule& rule, const Sides& sides) {
  const json* member = Backends(rule);
  if (member == nullptr || (member->is_array() && member->empty())) return InPlaceOfBackends(*rule.value).empty();
  return member->is_array() && std::ranges::any_of(*member, [&](const json& ref) { return IsSide(rule.dialect->classify(ref, sides)); });
}

/// `refs` with the weights of the two sides set. A side named twice has its weight on the first; a side that is missing is
/// added only where it is to get something, so that a route never speaks of a Service without need.
json Steered(json refs, const Scene& scene, const base::WeightSplit& split) {
  std::optional<int> legacy = split.legacy().value();
  std::optional<int> target = split.target().value();
  for (json& ref : refs) {
    const Backend kind = scene.dialect.classify(ref, scene.sides);
    if (!IsSide(kind)) continue;
    std::optional<int>& share = kind == Backend::kLegacy ? legacy : target;
    const int weight = share.value_or(0);
    share = 0;
    if (WeightOf(ref, scene.dialect.plain_weight) != weight) ref["weight"] = weight;
  }
  return refs;
}

/// Adds the sides that `refs` does not name and that are to get something.
void AddMissing(json& refs, const Scene& scene, const ComponentIntent& intent) {
  const Sides& sides = scene.sides;
  const base::WeightSplit& split = intent.split;
  const auto add = [&](Backend kind, const model::Side& side, int weight) {
    const bool is_there = std::ranges::any_of(refs, [&](const json& ref) { return scene.dialect.classify(ref, sides) == kind; });
    if (!is_there) refs.push_back(scene.dialect.new_backend(side, weight));
  };
  if (split.legacy().value() > 0) add(Backend::kLegacy, sides.legacy, split.legacy().value());
  if (split.target().value() > 0 || intent.name_target) add(Backend::kTarget, sides.target, split.target().value());
}

void SteerRule(const UserRule& rule, const Scene& scene, const ComponentIntent& intent, PatchBuilder& patch) {
  if (!IsSteerable(rule, scene.sides)) return;
  const json* old = BackendList(rule);
  json refs = Steered(old == nullptr ? json::array() : *old, scene, intent.split);
  AddMissing(refs, scene, intent);
  if (old != nullptr && refs == *old) return;
  TestIdentity(rule, patch);
  const std::string path = PathOf(rule) + "/" + rule.dialect->backends;
  if (old == nullptr) {
    patch.Add(path, refs);
  } else {
    patch.Test(path, *old);
    patch.Replace(path, refs);
  }
}

/// What is to happen with the rules of our own.
struct OwnChanges {
  std::vector<std::pair<const OwnRule*, json>> replace;
  std::vector<const OwnRule*> remove;
  std::vector<json> add;
};

/// A planned rule with its content.
struct WantedRule {
  OwnTag tag;
  json body;
  std::size_t matches = 0;
  bool found = false;
};

std::vector<WantedRule> WantedRules(const std::vector<Assignment>& assignments, const Scene& scene) {
  std::vector<WantedRule> wanted;
  if (!scene.dialect.flags) return wanted;
  for (const Assignment& assignment : assignments) {
    for (PlannedFlagRule& plan : PlanFlagRules(assignment.key, assignment.rules, assignment.intent->flags)) {
      json body = FlagRuleBody(plan, scene.sides, scene.dialect);
      if (!body.is_null()) wanted.push_back({std::move(plan.tag), std::move(body), CountMatches(*plan.rule->value)});
    }
  }
  return wanted;
}

void MatchOwn(const OwnRule& own, const RouteDialect& dialect, std::vector<WantedRule>& wanted, OwnChanges& changes) {
  const auto tag = ReadOwnTag(own.name);
  const auto found = std::ranges::find_if(wanted, [&](const WantedRule& rule) { return rule.tag == tag && !rule.found; });
  if (found == wanted.end()) {
    changes.remove.push_back(&own);
    return;
  }
  found->found = true;
  if (SameFlagRule(*own.value, found->body, dialect)) return;
  json body = found->body;
  body["name"] = own.name;
  changes.replace.emplace_back(&own, std::move(body));
}

OwnChanges PlanOwn(const Scene& scene, const std::vector<Assignment>& assignments, const TrafficIntent& intent) {
  const RuleTable& table = scene.table;
  std::vector<WantedRule> wanted = WantedRules(assignments, scene);
  OwnChanges changes;
  for (const OwnRule& own : table.own) {
    const auto tag = ReadOwnTag(own.name);
    if (tag && std::ranges::any_of(assignments, [&](const Assignment& a) { return a.key == tag->component_key; })) {
      MatchOwn(own, scene.dialect, wanted, changes);
    }
  }
  std::size_t rules = table.user.size() + table.own.size() + static_cast<std::size_t>(table.broken) - changes.remove.size();
  std::size_t matches = table.matches;
  for (WantedRule& rule : wanted) {
    matches += rule.found ? 0 : rule.matches;
    // One rule too many would make the API server refuse the weights as well.
    if (rule.found || rules >= kMaxRules || matches > kMaxMatches) continue;
    ++rules;
    rule.body["name"] = OwnName(intent.migration, rule.tag);
    changes.add.push_back(std::move(rule.body));
  }
  return changes;
}

void WriteOwn(const OwnChanges& changes, PatchBuilder& patch) {
  for (const auto& [own, body] : changes.replace) {
    patch.Test(RulePath(own->index) + "/name", own->name);
    patch.Replace(RulePath(own->index), body);
  }
  RemoveRules(changes.remove, patch);
  for (const json& body : changes.add) patch.Add("/spec/rules/-", body);
}

}  // namespace

base::Result<ObjectPatch> RuleListRouter::Render(const TrafficIntent& intent, const json& object) const {
  const std::string uid = UidOf(object);
  const RuleTable table = ReadRules(object, dialect_);
  if (uid.empty() || table.malformed)
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " has no uid or " + NoRules(dialect_));
  const Scene scene{table, {NamespaceOf(object), intent.legacy, intent.target}, dialect_};
  const std::vector<Assignment> assignments = Assign(scene, intent);
  const OwnChanges own = PlanOwn(scene, assignments, intent);
  const bool any_claimed = std::ranges::any_of(assignments, [](const Assignment& a) { return !a.rules.empty(); });
  if (!any_claimed && own.remove.empty())
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " has none of the rules to steer");
  PatchBuilder patch(uid);
  for (const Assignment& assignment : assignments) {
    for (const UserRule* rule : assignment.rules) SteerRule(*rule, scene, *assignment.intent, patch);
  }
  WriteOwn(own, patch);
  return ObjectPatch{patch.Text()};
}

}  // namespace softmig::routers
