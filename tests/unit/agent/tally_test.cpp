#include "agent/serve/tally.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture_fixture.hpp"
#include "fakes/fake_clock.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Reason;
using compare::Verdict;
using nlohmann::json;

class TallyTest : public ::testing::Test {
 protected:
  void Count(std::size_t component, Verdict verdict, std::vector<compare::FieldDifference> fields = {}) {
    compare::Outcome outcome;
    outcome.verdict = verdict;
    outcome.fields = std::move(fields);
    tally_.CountEligible(component);
    tally_.CountVerdict(component, outcome);
  }

  const WatchPlan plan_ = {{MakeComponent("pay", {"pay"}), MakeComponent("rest")}, {}, {}};
  const fakes::FakeClock clock_;
  Tally tally_{"epoch-1", plan_, *compare::ValueDigest::Make("0123456789abcdef"), clock_};
};

TEST_F(TallyTest, EveryStreamIsCountedByWhatBecameOfIt) {
  for (int i = 0; i < 4; ++i) tally_.CountOpened();
  tally_.CountRefused();
  tally_.CountSkipped(Skip::kMethod);
  Count(0, Verdict::kEqual);
  tally_.CountEligible(1);
  tally_.CountDropped(1, Reason::kIncomplete);
  const json counts = tally_.CountsJson();
  EXPECT_EQ(counts["epoch"], "epoch-1");
  EXPECT_EQ(counts["streams"]["opened"], 4);
  EXPECT_EQ(counts["streams"]["refused"], 1);
  EXPECT_EQ(counts["streams"]["skipped"]["method"], 1);
  EXPECT_EQ(counts["streams"]["skipped"]["upgrade"], 0);
  EXPECT_EQ(counts["components"][0]["eligible"], 1);
  EXPECT_EQ(counts["components"][0]["verdicts"]["equal"], 1);
  EXPECT_EQ(counts["components"][1]["dropped"]["incomplete"], 1);
}

TEST_F(TallyTest, DifferencesAreNamedByComponentAndField) {
  Count(1, Verdict::kDiffers, {{"$.amount", {compare::ValueKind::kNumber, "1"}, {compare::ValueKind::kNumber, "2"}, 1, false, false}});
  const json differences = tally_.DifferencesJson();
  EXPECT_EQ(differences["epoch"], "epoch-1");
  ASSERT_EQ(differences["differences"].size(), 1U);
  EXPECT_EQ(differences["differences"][0]["component"], "rest");
  EXPECT_EQ(differences["differences"][0]["path"], "$.amount");
  EXPECT_EQ(differences["differences"][0]["count"], 1);
}

TEST_F(TallyTest, MetricsSayTheSame) {
  tally_.CountOpened();
  tally_.CountSkipped(Skip::kShadow);
  Count(0, Verdict::kStatusDiffers);
  const std::string text = tally_.Metrics(1'234, 5);
  for (const std::string line :
       {"softmigration_agent_held_bytes 1234\n", "softmigration_agent_open_streams 5\n",
        "softmigration_agent_eligible_total{component=\"pay\"} 1\n",
        "softmigration_agent_verdicts_total{component=\"pay\",verdict=\"status-differs\"} 1\n",
        "softmigration_agent_verdicts_total{component=\"rest\",verdict=\"status-differs\"} 0\n",
        "softmigration_agent_streams_total{what=\"opened\"} 1\n", "softmigration_agent_streams_total{what=\"skipped-shadow\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace softmig::agent::testing
