#include "compare/whole_spec.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compare/rule_set.hpp"
#include "compare/verdict.hpp"
#include "model/limits.hpp"
#include "unit/model/spec_table.hpp"

namespace softmig::compare::testing {
namespace {

using model::FieldError;
using nlohmann::json;

std::string Listed(const std::vector<FieldError>& errors) {
  std::string text;
  for (const FieldError& error : errors) text += error.path + ": " + error.message + "\n";
  return text;
}

json SpecWith(json compare) { return model::BaseSpec({{{"op", "add"}, {"path", "/compare"}, {"value", std::move(compare)}}}); }

TEST(WholeSpec, JudgesTheTableAsTheApiServerDoes) {
  const auto cases = model::LoadSpecCases();
  ASSERT_GT(cases.size(), 140U);
  for (const model::SpecCase& each : cases) {
    SCOPED_TRACE(each.name);
    const model::ParsedSpec parsed = ParseWholeSpec(each.spec);
    EXPECT_EQ(parsed.errors.empty(), each.valid) << Listed(parsed.errors);
    if (each.valid) continue;
    EXPECT_TRUE(std::ranges::find(parsed.errors, each.path, &FieldError::path) != parsed.errors.end()) << "wanted " << each.path << "\n"
                                                                                                       << Listed(parsed.errors);
  }
}

TEST(WholeSpec, GivesTheSpecItself) {
  for (const json& spec : {model::BaseSpec(), SpecWith(json::object())}) {
    model::Spec whole = ParseWholeSpec(spec).spec;
    whole.component_rules.clear();
    EXPECT_EQ(whole, model::ParseSpec(model::BaseSpec()).spec);
  }
}

TEST(WholeSpec, NamesTheRulesOfEachComponentAsItsAgentDoes) {
  const json compare{{"rules", {{{"path", "$.a"}, {"ignore", true}, {"components", {"checkout"}}}}}, {"headers", {"etag"}}};
  const model::Spec spec = ParseWholeSpec(SpecWith(compare)).spec;
  const CompareSpec rules = ParseCompareSpec(compare, "compare").spec;
  for (const char* component : {"checkout", "refunds"}) {
    const auto set = RuleSet::Make(rules, component);
    ASSERT_TRUE(set);
    EXPECT_EQ(spec.component_rules.at(component), fmt::format("{:016x}", (*set)->hash()));
  }
  EXPECT_NE(spec.component_rules.at("checkout"), spec.component_rules.at("refunds"));
  EXPECT_EQ(ParseWholeSpec(model::BaseSpec()).spec.component_rules, ParseWholeSpec(SpecWith(json::object())).spec.component_rules);
}

TEST(WholeSpec, TakesAllVerdictsForBadButThoseOfEqualAnswers) {
  json spec = model::BaseSpec();
  spec.erase("components");
  spec["routes"] = {{{"name", "web"}, {"bridge", {{"name", "entrance"}, {"port", 80}}}}};
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    spec["analysis"]["metrics"] = {{{"name", "answers"}, {"bridge", {{"verdicts", {Name(verdict)}}}}, {"maxRate", "0.1"}}};
    const bool equal = verdict == Verdict::kEqual || verdict == Verdict::kEqualAfterRules;
    EXPECT_EQ(ParseWholeSpec(spec).errors.empty(), !equal) << Name(verdict);
  }
}

TEST(WholeSpec, GivesTheRulesOneNameHoweverTheyAreWritten) {
  const auto name_of = [](const char* compare) {
    const model::ParsedSpec parsed = ParseWholeSpec(SpecWith(json::parse(compare)));
    EXPECT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
    return parsed.spec.compare_rules;
  };
  const std::string rules = name_of(R"({"rules": [{"path": "$.a", "ignore": true}, {"path": "$.b", "tolerance": {"absolute": "0.1"}}]})");
  EXPECT_EQ(rules.size(), 16U);
  EXPECT_EQ(name_of(R"({"rules": [{"path": "$.b", "tolerance": {"absolute": "0.10"}}, {"path": "$.a", "ignore": true}]})"), rules);
  EXPECT_EQ(name_of(R"({"rules": [{"path": "$.a", "ignore": true}, {"path": "$.b", "tolerance": {"absolute": "0.1"}}],
                        "critical": ["$.c"], "shown": ["$.d"]})"),
            rules);
  EXPECT_NE(name_of(R"({"rules": [{"path": "$.a", "ignore": true}, {"path": "$.b", "tolerance": {"absolute": "0.2"}}]})"), rules);
  EXPECT_NE(name_of(R"({"rules": [{"path": "$.a", "ignore": true, "components": ["checkout"]},
                                  {"path": "$.b", "tolerance": {"absolute": "0.1"}}]})"),
            rules);
  EXPECT_NE(name_of(R"({"headers": []})"), "");
  EXPECT_EQ(name_of(R"({"headers": ["Content-Type"], "shown": ["$.a"]})"), "") << "as without compare";
}

TEST(WholeSpec, MakesOtherRulesOtherEvidence) {
  const auto hash_of = [](json compare) { return model::EvidenceHash(ParseWholeSpec(SpecWith(std::move(compare))).spec); };
  const json rule{{"path", "$.a"}, {"ignore", true}};
  EXPECT_NE(hash_of({{"rules", {rule}}}), hash_of(nullptr));
  EXPECT_EQ(hash_of(json::object()), hash_of(nullptr));
}

TEST(WholeSpec, SaysWhereAPathOrAnExpressionIsBroken) {
  const json rules{{{"path", "$.items[0].price"}, {"ignore", true}}, {{"path", "$.id"}, {"pattern", "ab\\8"}}};
  EXPECT_EQ(Listed(ParseWholeSpec(SpecWith({{"rules", rules}})).errors),
            "spec.compare.rules[0].path: at character 9: write [*] for all elements of a list (they have no numbers here), or ['a name']\n"
            "spec.compare.rules[1].pattern: at character 3: invalid escape sequence: \\8\n");
}

TEST(WholeSpec, NamesAComponentThatIsNotThere) {
  const json rules{{{"path", "$.a"}, {"ignore", true}, {"components", {"checkout", "billing"}}}};
  EXPECT_EQ(Listed(ParseWholeSpec(SpecWith({{"rules", rules}})).errors),
            "spec.compare.rules[0].components[1]: no component is named \"billing\"\n");
}

TEST(WholeSpec, GivesTheMistakesOfBothAndNotTooMany) {
  json spec = SpecWith({{"rule", json::array()}});
  spec["attempt"] = 0;
  const std::string listed = Listed(ParseWholeSpec(spec).errors);
  EXPECT_NE(listed.find("spec.attempt: "), std::string::npos) << listed;
  EXPECT_NE(listed.find("spec.compare.rule: unknown field"), std::string::npos) << listed;
  for (int i = 0; i < 20; ++i) {
    spec["odd" + std::to_string(i)] = 1;
    spec["compare"]["odd" + std::to_string(i)] = 1;
  }
  EXPECT_EQ(ParseWholeSpec(spec).errors.size(), model::limits::kErrors);
}

TEST(WholeSpec, NeverThrows) {
  for (const json& spec : {json(), json("text"), json::array(), json{{"compare", nullptr}}, json{{"compare", 1}}}) {
    EXPECT_FALSE(ParseWholeSpec(spec).errors.empty()) << spec;
  }
  EXPECT_TRUE(ParseWholeSpec(SpecWith(nullptr)).errors.empty()) << "as the API server: null is absent";
}

}  // namespace
}  // namespace softmig::compare::testing
