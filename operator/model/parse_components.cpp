#include <array>
#include <nlohmann/json.hpp>

#include "model/limits.hpp"
#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

constexpr TextRule kPathValue{1, 1024, nullptr, ""};
constexpr TextRule kMatchValue{1, 1024, nullptr, ""};
constexpr TextRule kRuleName{1, 253, IsDnsSubdomain, "a rule's name: a DNS name in lower case"};
constexpr std::array<std::string_view, 3> kPathTypes{"Exact", "PathPrefix", "RegularExpression"};
constexpr std::array<std::string_view, 2> kValueTypes{"Exact", "RegularExpression"};
constexpr std::array<std::string_view, 9> kMethods{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

void CheckPath(FieldReader& match) {
  auto path = match.Object("path");
  if (!path) return;
  path->Choice("type", kPathTypes, 1);
  if (path->Has("value")) path->Text("value", kPathValue);
  path->RefuseOthers();
}

/// `headers` or `queryParams`.
void CheckPairs(FieldReader& match, std::string_view key) {
  for (FieldReader& pair : match.Objects(key, {0, limits::kHeadersPerMatch})) {
    pair.Choice("type", kValueTypes, 0);
    pair.Text("name", kHeaderName);
    pair.Text("value", kMatchValue);
    pair.RefuseOthers();
  }
}

void CheckMatch(FieldReader& match) {
  CheckPath(match);
  CheckPairs(match, "headers");
  CheckPairs(match, "queryParams");
  if (match.Has("method")) match.Choice("method", kMethods, 0);
  match.RefuseOthers();
}

RuleRef ParseRule(FieldReader& reader) {
  RuleRef rule;
  rule.route = reader.Text("route", kLabel);
  rule.rule = reader.OptionalText("rule", kRuleName);
  for (FieldReader& match : reader.Objects("matches", {reader.Has("matches") ? 1U : 0U, limits::kMatchesPerRule})) CheckMatch(match);
  if (const nlohmann::json* matches = reader.Raw("matches")) rule.matches = CanonicalMatches(*matches);
  if (reader.Has("rule") == reader.Has("matches")) reader.Fail("rule", "exactly one of rule and matches must be set");
  reader.RefuseOthers();
  return rule;
}

}  // namespace

std::vector<ComponentSpec> ParseComponents(FieldReader& spec) {
  std::vector<ComponentSpec> components;
  for (FieldReader& reader : spec.Objects("components", {0, limits::kComponents})) {
    ComponentSpec component;
    component.name = reader.Text("name", kLabel);
    for (FieldReader& rule : reader.Objects("rules", {1, limits::kRulesPerComponent})) component.rules.push_back(ParseRule(rule));
    component.after = reader.Texts("after", kLabel, {0, limits::kComponents});
    reader.RefuseOthers();
    components.push_back(std::move(component));
  }
  return components;
}

}  // namespace softmig::model
