#include "lint/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace softmig::lint {
namespace {

using nlohmann::json;

Report Sample() {
  Report report;
  report.files = 1;
  report.migrations = 1;
  report.others = 2;
  report.findings = {{Rule::kInvalidField, "spec.paused", "must be true or false", "shop/payments", "a dir/x.yaml", 7, 3},
                     {Rule::kOnlyHolds, "spec.plan.onBreach", "with\nHold \x1b[31m", "shop/payments", "a dir/x.yaml", 9, 5},
                     {Rule::kInvalidYaml, "", "broken", "", "stdin", 0, 0}};
  return report;
}

TEST(Report, TextIsALineAFindingAndASum) {
  EXPECT_EQ(ToText(Sample()),
            "a dir/x.yaml:7:3: error: shop/payments spec.paused: must be true or false [InvalidField]\n"
            "a dir/x.yaml:9:5: warning: shop/payments spec.plan.onBreach: with Hold  [31m [OnlyHolds]\n"
            "stdin: error: broken [InvalidYaml]\n"
            "1 SoftMigration: 2 errors, 1 warning, 0 notes; 2 objects of other kinds not looked at\n");
}

TEST(Report, JsonHasEachFindingAndTheSum) {
  const json report = json::parse(ToJson(Sample()));
  EXPECT_EQ(report["findings"].size(), 3U);
  EXPECT_EQ(report["findings"][0]["rule"], "InvalidField");
  EXPECT_EQ(report["findings"][0]["line"], 7);
  EXPECT_EQ(report["summary"], json::parse(R"({"files": 1, "migrations": 1, "others": 2, "errors": 2, "warnings": 1, "notes": 0})"));
}

TEST(Report, SarifIsWhatCodeHostsRead) {
  const json sarif = json::parse(ToSarif(Sample()));
  EXPECT_EQ(sarif["version"], "2.1.0");
  const json& run = sarif["runs"][0];
  const json& rules = run["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), Rules().size());
  for (const json& result : run["results"]) EXPECT_EQ(rules[result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
  const json& place = run["results"][0]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "a%20dir/x.yaml");
  EXPECT_EQ(place["region"]["startLine"], 7);
  EXPECT_EQ(run["results"][1]["level"], "warning");
  EXPECT_FALSE(run["results"][2]["locations"][0]["physicalLocation"].contains("region"));
}

TEST(Report, BytesThatAreNoTextDoNotBreakIt) {
  Report report;
  report.findings = {{Rule::kInvalidField, "spec.\xff", "is \xc3", "shop/\xfe", "\xff.yaml", 1, 1}};
  EXPECT_NO_THROW(json::parse(ToJson(report)));
  EXPECT_NO_THROW(json::parse(ToSarif(report)));
}

}  // namespace
}  // namespace softmig::lint
