#include "compare/whole_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compare/compare_spec.hpp"
#include "compare/rule_set.hpp"
#include "model/limits.hpp"

namespace softmig::compare {
namespace {

constexpr const char* kPath = "spec.compare";

void AddUnknownComponents(const CompareSpec& rules, const model::Spec& spec, std::vector<model::FieldError>& errors) {
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const std::vector<std::string>& names = rules.rules[i].components;
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (std::ranges::find(spec.components, names[j], &model::ComponentSpec::name) != spec.components.end()) continue;
      errors.push_back({fmt::format("{}.rules[{}].components[{}]", kPath, i, j), fmt::format("no component is named \"{}\"", names[j])});
    }
  }
}

/// Empty where the rules say no more than the lack of any.
std::string HashText(const CompareSpec& rules) {
  const std::uint64_t hash = HashOfRules(rules);
  return hash == HashOfRules({}) ? std::string() : fmt::format("{:016x}", hash);
}

void NameRules(const CompareSpec& rules, model::Spec& spec) {
  for (const model::ComponentSpec& component : spec.components) {
    spec.component_rules[component.name] = fmt::format("{:016x}", HashOfRules(rules, component.name));
  }
}

}  // namespace

model::ParsedSpec ParseWholeSpec(const nlohmann::json& spec) {
  model::ParsedSpec parsed = model::ParseSpec(spec);
  const auto compare = spec.is_object() ? spec.find("compare") : spec.end();
  if (!spec.is_object() || compare == spec.end() || compare->is_null()) {
    NameRules({}, parsed.spec);
    return parsed;
  }
  ParsedCompareSpec rules = ParseCompareSpec(*compare, kPath);
  if (rules.errors.empty() && parsed.errors.empty()) AddUnknownComponents(rules.spec, parsed.spec, rules.errors);
  if (rules.errors.empty()) {
    parsed.spec.compare_rules = HashText(rules.spec);
    NameRules(rules.spec, parsed.spec);
  }
  for (model::FieldError& error : rules.errors) {
    if (parsed.errors.size() < model::limits::kErrors) parsed.errors.push_back(std::move(error));
  }
  return parsed;
}

}  // namespace softmig::compare
