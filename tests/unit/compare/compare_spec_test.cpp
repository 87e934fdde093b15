#include "compare/compare_spec.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/compare/compare_fixture.hpp"

namespace softmig::compare::testing {
namespace {

using nlohmann::json;

std::vector<model::FieldError> ErrorsOf(const std::string& text) { return ParseCompareSpec(json::parse(text), "spec.compare").errors; }

TEST(CompareSpec, ReadsEveryKindOfRule) {
  const ParsedCompareSpec parsed = ParseCompareSpec(json::parse(R"({
    "headers": ["Content-Type", "Location"],
    "rules": [
      {"path": "$.generatedAt", "ignore": true, "components": ["orders"]},
      {"path": "$..price", "tolerance": {"absolute": "0.01", "relative": "0.001"}},
      {"path": "$.sum", "decimal": true},
      {"path": "$.items", "unordered": {"key": "sku"}},
      {"path": "$.token", "pattern": "[0-9a-f]{32}"},
      {"path": "$.state", "pairs": [{"legacy": "OPEN", "target": "open"}]},
      {"path": "$..orderId", "sameId": "orders"},
      {"path": "$.at", "clockSkew": "5s"}],
    "critical": ["$.sum"], "shown": ["$.currency", "header:location"], "controls": 5})"),
                                                    "spec.compare");
  for (const auto& error : parsed.errors) ADD_FAILURE() << error.path << ": " << error.message;
  const CompareSpec& spec = parsed.spec;
  EXPECT_EQ(spec.headers, (std::vector<std::string>{"content-type", "location"}));
  ASSERT_EQ(spec.rules.size(), 8U);
  EXPECT_TRUE(std::holds_alternative<Ignore>(spec.rules[0].allows));
  EXPECT_EQ(spec.rules[0].components, std::vector<std::string>{"orders"});
  EXPECT_EQ(std::get<Tolerance>(spec.rules[1].allows), (Tolerance{"0.01", "0.001"}));
  EXPECT_TRUE(std::holds_alternative<AsDecimal>(spec.rules[2].allows));
  EXPECT_EQ(std::get<Unordered>(spec.rules[3].allows).key, "sku");
  EXPECT_EQ(std::get<Pattern>(spec.rules[4].allows).text, "[0-9a-f]{32}");
  EXPECT_EQ(std::get<Pairs>(spec.rules[5].allows).values.front().second, "open");
  EXPECT_EQ(std::get<SameId>(spec.rules[6].allows).map, "orders");
  EXPECT_EQ(std::get<ClockSkew>(spec.rules[7].allows).most, base::Millis(5000));
  EXPECT_EQ(spec.controls, 5);
}

TEST(CompareSpec, HasDefaults) {
  const ParsedCompareSpec parsed = ParseCompareSpec(json::object(), "spec.compare");
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.spec.headers, std::vector<std::string>{"content-type"});
  EXPECT_TRUE(parsed.spec.rules.empty());
  EXPECT_EQ(parsed.spec.controls, 1);
}

TEST(CompareSpec, SaysWhatIsWrongAndWhere) {
  const std::string base = "spec.compare.rules[0]";
  const std::vector<std::array<std::string, 3>> cases{
      {R"({"rules": [{"path": "$.a[0]", "ignore": true}]})", base + ".path", "at character 5: write [*]"},
      {R"j({"rules": [{"path": "$.a", "pattern": "ab(c"}]})j", base + ".pattern", "missing )"},
      {R"({"rules": [{"path": "$.a", "pattern": "ab\\8c"}]})", base + ".pattern", "at character 3: invalid escape"},
      {R"j({"rules": [{"path": "$.a", "pattern": "(a)(a)(a)(a)(a)(a)(a)(a)(a)"}]})j", base + ".pattern", "more than 8 groups"},
      {R"({"rules": [{"path": "$.a", "pattern": "((a{100}){100}){100}"}]})", base + ".pattern", ""},
      {R"({"rules": [{"path": "$.a"}]})", base + ".ignore", "exactly one"},
      {R"({"rules": [{"path": "$.a", "ignore": true, "decimal": true}]})", base + ".ignore", "exactly one"},
      {R"({"rules": [{"path": "$.a", "ignore": false}]})", base + ".ignore", "must be true"},
      {R"({"rules": [{"path": "$.a", "ignore": true, "why": "x"}]})", base + ".why", "unknown field"},
      {R"({"rules": [{"ignore": true}]})", base + ".path", "is required"},
      {R"({"rules": [{"path": "$.a", "tolerance": {}}]})", base + ".tolerance.absolute", "set absolute"},
      {R"({"rules": [{"path": "$.a", "tolerance": {"absolute": "-1"}}]})", base + ".tolerance.absolute", "above"},
      {R"({"rules": [{"path": "$.a", "tolerance": {"relative": "1"}}]})", base + ".tolerance.relative", "below"},
      {R"({"rules": [{"path": "$.a", "clockSkew": "25h"}]})", base + ".clockSkew", "must be from"},
      {R"({"rules": [{"path": "$.a", "pairs": []}]})", base + ".pairs", "at least 1"},
      {R"({"rules": [{"path": "header:a", "unordered": {}}]})", base + ".unordered", "only goes with a list"},
      {R"({"rules": [{"path": "status", "decimal": true}]})", base + ".path", "status only goes with"},
      {R"({"critical": ["$.a", "b"]})", "spec.compare.critical[1]", "at character 1"},
      {R"({"headers": ["a b"]})", "spec.compare.headers[0]", "header name"},
      {R"({"controls": 101})", "spec.compare.controls", "from 0 to 100"},
      {R"({"rule": []})", "spec.compare.rule", "unknown field"},
      {R"([])", "spec.compare", "must be an object"},
  };
  for (const auto& [text, path, said] : cases) {
    const auto errors = ErrorsOf(text);
    const auto found = std::ranges::find(errors, path, &model::FieldError::path);
    ASSERT_NE(found, errors.end()) << text << (errors.empty() ? "" : " gave " + errors.front().path + ": " + errors.front().message);
    EXPECT_NE(found->message.find(said), std::string::npos) << text << ": " << found->message;
  }
}

TEST(CompareSpec, IsBounded) {
  json rules = json::array();
  for (std::size_t i = 0; i <= kMostRules; ++i) rules.push_back({{"path", "$.a"}, {"ignore", true}});
  EXPECT_FALSE(ErrorsOf(json{{"rules", rules}}.dump()).empty());
}

TEST(RuleSet, RefusesWhatNobodyParsed) {
  CompareSpec spec;
  spec.rules.push_back({"$.a[", {}, Ignore()});
  EXPECT_NE(RuleSet::Make(spec, "all").error().message.find("rules[0]"), std::string::npos);
  spec.rules.front() = {"$.a", {}, Pattern{"("}};
  EXPECT_FALSE(RuleSet::Make(spec, "all"));
}

TEST(RuleSet, HasTheHashOfWhatItMeans) {
  const auto hash = [](const std::string& compare, std::string_view component = "all") { return RulesOf(compare, component)->hash(); };
  const std::string one = R"({"path": "$.a", "tolerance": {"absolute": "0.10"}})";
  const std::string two = R"({"path": "$.b", "ignore": true})";
  const std::uint64_t both = hash(R"({"rules": [)" + one + "," + two + "]}");
  EXPECT_EQ(both, hash(R"({"rules": [)" + two + "," + one + "," + two + "]}")) << "order and repetition mean nothing";
  EXPECT_EQ(both, hash(R"({"rules": [{"path": "$.a", "tolerance": {"absolute": "0.1"}},)" + two + "]}")) << "the same number";
  EXPECT_EQ(both, hash(R"({"rules": [)" + one + "," + two + R"(], "shown": ["$.c"], "critical": ["$.c"]})"))
      << "nothing compares otherwise";
  EXPECT_NE(both, hash(Rule(one)));
  EXPECT_NE(both, hash(R"({"rules": [)" + one + "," + two + R"(], "headers": ["etag"]})"));
  EXPECT_NE(hash(Rule(one)), hash(Rule(R"({"path": "$.a", "tolerance": {"absolute": "0.2"}})")));
  EXPECT_NE(hash(Rule(one)), hash(Rule(R"({"path": "$.a", "tolerance": {"relative": "0.1"}})")));
  const std::string of_component = Rule(R"({"path": "$.a", "ignore": true, "components": ["x"]})");
  EXPECT_EQ(hash(of_component, "y"), hash("{}")) << "rules of other components";
  EXPECT_NE(hash(of_component, "x"), hash("{}"));
}

TEST(RuleSet, SaysWhichHeadersAreCaptured) {
  const auto rules = RulesOf(R"({"headers": ["Location"]})");
  for (const char* name : {"location", "content-type", "content-encoding", "grpc-status"}) EXPECT_TRUE(rules->Captures(name)) << name;
  for (const char* name : {"cookie", "set-cookie", "authorization"}) EXPECT_FALSE(rules->Captures(name)) << name;
}

}  // namespace
}  // namespace softmig::compare::testing
