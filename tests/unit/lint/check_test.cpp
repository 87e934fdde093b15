#include <gtest/gtest.h>

#include "unit/lint/lint_fixture.hpp"

namespace softmig::lint {
namespace {

using Strings = std::vector<std::string>;

TEST(Check, HasNothingToSayOfAGoodManifestButWhatItNeeds) {
  const auto findings = Check(Manifest(), {});
  ASSERT_EQ(findings.size(), 1U) << findings.front().message;
  EXPECT_EQ(findings[0].rule, Rule::kEvidenceNeeds);
  EXPECT_EQ(findings[0].object, "shop/payments");
  // ln(100)+1.2 over -ln(0.99): 578 requests without an error; 1 % of the users within an hour.
  EXPECT_NE(findings[0].message.find("about 578 requests"), std::string::npos) << findings[0].message;
  EXPECT_NE(findings[0].message.find("about 17 requests a second of all users"), std::string::npos) << findings[0].message;
}

TEST(Check, ReportsEveryMistakeOfTheSpecAtItsPath) {
  EXPECT_EQ(Said(Manifest(With("/spec/plan/shift/steps/1/weight", 1))), (Strings{"InvalidField spec.plan.shift.steps[1].weight"}));
  EXPECT_EQ(Said(Manifest(Without("/spec"))), (Strings{"InvalidField spec"}));
  EXPECT_EQ(Said(Manifest(With("/spec/unknown", 1))), (Strings{"InvalidField spec.unknown"}));
}

TEST(Check, SaysWhereARuleForComparingIsBroken) {
  const auto findings = Check(Manifest(With("/spec/compare", {{"rules", {{{"path", "$.a[0]"}, {"ignore", true}}}}})), {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].path, "spec.compare.rules[0].path");
  EXPECT_NE(findings[0].message.find("at character 5"), std::string::npos) << findings[0].message;
}

TEST(Check, LooksAtWhatSurroundsTheSpec) {
  EXPECT_EQ(Said(Manifest(With("/apiVersion", "softmigration.io/v2"))), (Strings{"InvalidObject apiVersion"}));
  EXPECT_EQ(Said(Manifest(With("/metadata/name", "Payments"))), (Strings{"InvalidObject metadata.name"}));
  EXPECT_EQ(Said(Manifest(Without("/metadata/name"))), (Strings{"InvalidObject metadata.name"}));
  EXPECT_EQ(Said(Manifest(With("/metadata/namespace", "sh.op"))), (Strings{"InvalidObject metadata.namespace"}));
  EXPECT_EQ(Said(Manifest(Without("/metadata/namespace"))), (Strings{"NoNamespace metadata"}));
  EXPECT_EQ(Said(Manifest(With("/metadata/annotations", {{"a", true}}))), (Strings{"InvalidObject metadata.annotations.a"}));
  EXPECT_EQ(Said(Manifest(With("/specs", 1))), (Strings{"InvalidObject specs"}));
  EXPECT_EQ(Said(Manifest(With("/status", {{"phase", "Shift"}}))), (Strings{"StatusIgnored status"}));
  EXPECT_EQ(Said(Manifest(With("/metadata", "payments"))), (Strings{"InvalidObject metadata"}));
}

TEST(Check, KnowsItsOwnKindWhateverTheVersion) {
  EXPECT_TRUE(IsSoftMigration(Manifest(With("/apiVersion", "softmigration.io/v9"))));
  EXPECT_FALSE(IsSoftMigration(Manifest(With("/apiVersion", "apps/v1"))));
  EXPECT_FALSE(IsSoftMigration(Manifest(With("/kind", "Service"))));
  EXPECT_FALSE(IsSoftMigration(nlohmann::json::array()));
}

TEST(Check, NamesAreUniqueAndInTheOrderOfTheRules) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < Rules().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(Rules()[i].rule), i);
    names.push_back(Rules()[i].name);
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace softmig::lint
