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

/// A side and what it is to get.
struct Share {
  Backend kind;
  model::Side side;
  int weight;
  bool is_named;  ///< also where it gets nothing
};

std::vector<Share> SharesOf(const Scene& scene, const ComponentIntent& intent) {
  const bool all_bridge = scene.sides.bridge && intent.bridge == model::BridgeUse::kAll;
  const auto direct = [&](base::Percent share) { return all_bridge ? 0 : share.value(); };
  std::vector<Share> shares{{Backend::kLegacy, scene.sides.legacy, direct(intent.split.legacy()), false},
                            {Backend::kTarget, scene.sides.target, direct(intent.split.target()), intent.name_target}};
  if (scene.sides.bridge && intent.bridge != model::BridgeUse::kNone) {
    shares.push_back({Backend::kBridge, *scene.sides.bridge, all_bridge ? 100 : 0, intent.name_target});
  }
  return shares;
}

/// `refs` with the weights of the sides set. A side named twice has its weight on the first; a side that is missing is added only where it
/// is to get something or is to be known, so that a route never speaks of a Service without need. A bridge without share is taken out.
json Steered(json refs, const Scene& scene, const std::vector<Share>& shares) {
  json steered = json::array();
  std::set<Backend> there;
  for (json& ref : refs) {
    const Backend kind = scene.dialect.classify(ref, scene.sides);
    if (IsSide(kind)) {
      const auto share = std::ranges::find(shares, kind, &Share::kind);
      if (share == shares.end()) continue;
      const int weight = there.insert(kind).second ? share->weight : 0;
      if (WeightOf(ref, scene.dialect.plain_weight) != weight) ref["weight"] = weight;
    }
    steered.push_back(std::move(ref));
  }
  for (const Share& share : shares) {
    if (!there.contains(share.kind) && (share.weight > 0 || share.is_named)) {
      steered.push_back(scene.dialect.new_backend(share.side, share.weight));
    }
  }
  return steered;
}

void SteerRule(const UserRule& rule, const Scene& scene, const ComponentIntent& intent, PatchBuilder& patch) {
  if (!IsSteerable(rule, scene.sides)) return;
  const json* old = BackendList(rule);
  const json refs = Steered(old == nullptr ? json::array() : *old, scene, SharesOf(scene, intent));
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
  const Scene scene{table, {NamespaceOf(object), intent.legacy, intent.target, intent.bridge}, dialect_};
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
