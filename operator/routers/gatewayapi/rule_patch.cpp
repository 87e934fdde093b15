#include <algorithm>
#include <nlohmann/json.hpp>

#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::routers {

using nlohmann::json;

void TestIdentity(const UserRule& rule, PatchBuilder& patch) {
  if (rule.dialect->one_rule) return;
  const std::string path = PathOf(rule);
  if (!rule.name.empty()) return patch.Test(path + "/name", rule.name);
  const char* member = rule.dialect->matches;
  if (const json* matches = Member(rule.value, member)) return patch.Test(path + "/" + member, *matches);
  patch.Test(path, *rule.value);
}

void RemoveRules(std::vector<const OwnRule*> rules, PatchBuilder& patch) {
  std::ranges::sort(rules, std::ranges::greater(), [](const OwnRule* rule) { return rule->index; });
  for (const OwnRule* rule : rules) {
    patch.Test(RulePath(rule->index) + "/name", rule->name);
    patch.Remove(RulePath(rule->index));
  }
}

}  // namespace softmig::routers
