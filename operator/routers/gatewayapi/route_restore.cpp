#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "routers/gatewayapi/flag_rules.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/rule_list_router.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using nlohmann::json;

// Saved form: {"keys": [component key], "rules": [{"id": UserRule::id, "n": occurrence, "refs": backendRefs
// as they were, absent where there were none}], "version": 1}.
// Of a template (template_mark.hpp) the refs are as the template says them, without what the API server fills in.

json SavedRule(const UserRule& rule) {
  json saved = {{"id", rule.id}, {"n", rule.occurrence}};
  if (const json* refs = Backends(rule)) saved["refs"] = *refs;
  return saved;
}

/// The rule a saved entry speaks of; null where the user has deleted it or given it another identity.
const UserRule* FindRule(const RuleTable& table, const json& entry) {
  const std::string id = TextMember(&entry, "id");
  const auto occurrence = WholeNumber(Member(&entry, "n"), 1000);
  if (id.empty() || !occurrence) return nullptr;
  std::int64_t seen = 0;
  for (const UserRule& rule : table.user) {
    // A rule saved without name is found by its matches even if it has got a name since.
    if (rule.id != id && "matches:" + rule.matches != id) continue;
    if (seen++ == *occurrence) return &rule;
  }
  return nullptr;
}

/// How backends are compared with what was remembered.
enum class Likeness { kExact, kTemplate };

/// Everything that `wanted` says, `live` says too.
bool Says(const json& live, const json& wanted) {
  if (wanted.is_object()) {
    if (!live.is_object()) return false;
    for (const auto& [key, value] : wanted.items()) {
      const auto found = live.find(key);
      if (found == live.end() || !Says(*found, value)) return false;
    }
    return true;
  }
  if (!wanted.is_array()) return live == wanted;
  return live.is_array() && std::ranges::equal(live, wanted, Says);
}

bool SameRefs(const json* live, const json* refs, const UserRule& rule, Likeness likeness) {
  if (live == nullptr || refs == nullptr) return live == refs;
  if (likeness == Likeness::kExact || !refs->is_array()) return *live == *refs;
  const auto weight = [plain = rule.dialect->plain_weight](const json& ref) { return WeightOf(ref, plain); };
  return Says(*live, *refs) && std::ranges::equal(*live, *refs, {}, weight, weight);
}

void RestoreRule(const UserRule& rule, const json* refs, Likeness likeness, PatchBuilder& patch) {
  const json* live = Backends(rule);
  if (SameRefs(live, refs, rule, likeness)) return;
  const std::string path = PathOf(rule) + "/" + rule.dialect->backends;
  TestIdentity(rule, patch);
  if (live != nullptr) patch.Test(path, *live);
  if (refs == nullptr) {
    patch.Remove(path);
  } else if (live == nullptr) {
    patch.Add(path, *refs);
  } else {
    patch.Replace(path, *refs);
  }
}

std::set<std::string> ReadKeys(const json& keys) {
  std::set<std::string> result;
  for (const json& key : keys) {
    if (key.is_string()) result.insert(key.get<std::string>());
  }
  return result;
}

std::vector<const OwnRule*> OwnRulesOf(const RuleTable& table, const std::set<std::string>& keys) {
  std::vector<const OwnRule*> result;
  for (const OwnRule& own : table.own) {
    const auto tag = ReadOwnTag(own.name);
    if (tag && keys.contains(tag->component_key)) result.push_back(&own);
  }
  return result;
}

}  // namespace

base::Result<std::string> RuleListRouter::Save(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  const RuleTable table = ReadRules(object, dialect_);
  if (table.malformed) return base::Fail(ErrorCode::kInvalid, "route " + route.name + " has " + NoRules(dialect_));
  const Sides sides{NamespaceOf(object), spec.legacy, spec.target, route.bridge};
  json saved = {{"keys", json::array()}, {"rules", json::array()}, {"version", 1}};
  std::set<const UserRule*> done;
  for (const model::ComponentSpec& component : spec.components) {
    if (!HasRulesOn(component, route.name)) continue;
    saved["keys"].push_back(ComponentKey(component.name, spec.legacy));
    for (const UserRule* rule : ClaimRules(table, component, route.name, sides).rules) {
      if (done.insert(rule).second) saved["rules"].push_back(SavedRule(*rule));
    }
  }
  if (done.empty()) return base::Fail(ErrorCode::kInvalid, "route " + route.name + " has none of the rules to remember");
  std::string text = saved.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kMaxSaved) {
    return base::Fail(ErrorCode::kInvalid, "the backends of route " + route.name + " take " + std::to_string(text.size()) +
                                               " bytes to remember, at most " + std::to_string(kMaxSaved) + " fit");
  }
  return text;
}

base::Result<ObjectPatch> RuleListRouter::Restore(const std::string& saved, const json& object) const {
  const json parsed = ParseSaved(saved);
  const json* rules = Member(&parsed, "rules");
  const json* keys = Member(&parsed, "keys");
  if (rules == nullptr || !rules->is_array() || keys == nullptr || !keys->is_array() || WholeNumber(Member(&parsed, "version"), 1) != 1) {
    return base::Fail(ErrorCode::kInvalid, "what was remembered of the route cannot be read");
  }
  const std::string uid = UidOf(object);
  const RuleTable table = ReadRules(object, dialect_);
  if (uid.empty() || table.malformed) return base::Fail(ErrorCode::kInvalid, "the route has no uid or " + NoRules(dialect_));
  PatchBuilder patch(uid);
  const Likeness likeness = Member(&parsed, "for") == nullptr ? Likeness::kExact : Likeness::kTemplate;
  std::set<const UserRule*> done;
  for (const json& entry : *rules) {
    const UserRule* rule = FindRule(table, entry);
    if (rule != nullptr && done.insert(rule).second) RestoreRule(*rule, Member(&entry, "refs"), likeness, patch);
  }
  RemoveRules(OwnRulesOf(table, ReadKeys(*keys)), patch);
  return ObjectPatch{patch.Text()};
}

}  // namespace softmig::routers
