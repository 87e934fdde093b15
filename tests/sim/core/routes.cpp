#include "sim/core/routes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::simulator {
namespace {

using nlohmann::json;

std::string NameOf(const json& rule) { return rule.value("name", std::string()); }
bool IsOwn(const json& rule) { return NameOf(rule).starts_with("softmig-"); }

struct Weights {
  double legacy = 0, target = 0, other = 0;
  bool names_target = false;
};

const json& BackendsOf(const json& rule) {
  static const json kNone = json::array();
  const auto it = rule.find("backendRefs");
  return it == rule.end() ? kNone : *it;
}

Weights Add(const json& rule, const MigrationPlan& migration) {
  Weights sum;
  for (const json& ref : BackendsOf(rule)) {
    const std::string name = ref.value("name", std::string());
    const double weight = ref.value("weight", 1.0);
    sum.names_target = sum.names_target || name == migration.target;
    (name == migration.legacy ? sum.legacy : name == migration.target ? sum.target : sum.other) += weight;
  }
  return sum;
}

bool Names(const json& rule, const MigrationPlan& migration) {
  return std::ranges::any_of(BackendsOf(rule), [&](const json& ref) {
    const std::string name = ref.value("name", std::string());
    return name == migration.legacy || name == migration.target;
  });
}

bool IsRuleOf(const json& rule, const MigrationPlan& migration, const ComponentPlan& component) {
  if (IsOwn(rule)) return false;
  return migration.implied ? Names(rule, migration) : NameOf(rule) == RuleName(migration, component);
}

}  // namespace

const json& RulesOf(const json& route) {
  static const json kNone = json::array();
  const auto spec = route.find("spec");
  if (spec == route.end()) return kNone;
  const auto rules = spec->find("rules");
  return rules == spec->end() ? kNone : *rules;
}

Share ReadShare(const json& rules, const MigrationPlan& migration, const ComponentPlan& component) {
  Share share;
  for (const json& rule : rules) {
    if (IsOwn(rule)) {
      // Its path tells whose it is; the names' hashes are the operator's own business.
      const bool ours = rule.dump().find("/" + migration.name + "/" + component.name + "\"") != std::string::npos;
      share.flagged = share.flagged || (ours && Add(rule, migration).target > 0);
    }
    if (!IsRuleOf(rule, migration, component)) continue;
    ++share.rules;
    const Weights sum = Add(rule, migration);
    const double all = sum.legacy + sum.target + sum.other;
    if (all > 0) share.target = std::max(share.target, sum.target / all);
    share.named = share.named || sum.names_target;
    share.foreign = share.foreign || sum.other > 0;
  }
  return share;
}

bool HasOwnRules(const json& rules) { return std::ranges::any_of(rules, IsOwn); }

std::string RulesText(const json& rules, const MigrationPlan& migration) {
  std::string text;
  for (const json& rule : rules) {
    const bool of_it = std::ranges::any_of(migration.components, [&](const auto& c) { return IsRuleOf(rule, migration, c); });
    if (of_it) text += rule.dump() + "\n";
  }
  return text;
}

bool IsAccepted(const json& route) {
  const auto generation = route.at("metadata").value("generation", 0);
  const auto status = route.find("status");
  if (status == route.end()) return false;
  const auto parents = status->find("parents");
  if (parents == status->end() || parents->empty()) return false;
  const auto conditions = parents->front().find("conditions");
  if (conditions == parents->front().end()) return false;
  for (const json& condition : *conditions) {
    if (condition.value("observedGeneration", 0) != generation || condition.value("status", std::string()) != "True") return false;
  }
  return true;
}

}  // namespace softmig::simulator
