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
  void Count(std::size_t component, Verdict verdict, std::vector<compare::FieldDifference> fields = {}, bool is_noise = false) {
    compare::Outcome outcome;
    outcome.verdict = verdict;
    outcome.fields = std::move(fields);
    tally_.CountEligible(component);
    tally_.CountVerdict(component, outcome, is_noise);
  }

  const WatchPlan plan_ = {{MakeComponent("pay", {"pay"}), MakeComponent("rest")}, {}, {}};
  const fakes::FakeClock clock_;
  MemoryBudget budget_{1U << 20U};
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

TEST_F(TallyTest, WhatIsHiddenIsCountedBesideWhatIsShown) {
  std::vector<compare::FieldDifference> fields{{"$.now", {compare::ValueKind::kString, "1"}, {compare::ValueKind::kString, "2"}, 1}};
  Count(0, Verdict::kDiffers, fields);
  fields[0].hidden = true;
  Count(0, Verdict::kDiffers, fields, true);
  tally_.CountControl(0, ControlEnd::kDiffered);
  tally_.CountControl(0, ControlEnd::kSame);
  CapturedExchange control{0, compare::Side::kLegacy, {}, {}, Reservation(budget_)};
  control.is_control = true;
  tally_.CountUnasked(control, Reason::kBufferFull);
  compare::FieldNoise now;
  now.place.path = "$.now";
  now.hidden = true;
  tally_.TakeNoise(0, {now});
  const json counts = tally_.CountsJson()["components"];
  EXPECT_EQ(counts[0]["verdicts"]["differs"], 2);
  EXPECT_EQ(counts[0]["hidden"], 1);
  EXPECT_EQ(counts[0]["eligible"], 2) << "a control is nobody's request";
  EXPECT_EQ(counts[0]["verdicts"]["dropped"], 0);
  EXPECT_EQ(counts[0]["controls"], json({{"same", 1}, {"differed", 1}, {"lost", 1}}));
  EXPECT_EQ(counts[1]["controls"]["same"], 0);
  const json differences = tally_.DifferencesJson();
  EXPECT_EQ(differences["differences"][0]["count"], 2);
  EXPECT_EQ(differences["differences"][0]["hidden"], 1);
  EXPECT_EQ(differences["noise"][0]["component"], "pay");
  EXPECT_EQ(differences["noise"][0]["fields"], compare::NoiseJson({now}));
  EXPECT_EQ(differences["noise"][0]["fields"][0]["hidden"], true);
  EXPECT_EQ(differences["noise"][1]["fields"], json::array());
  const std::string text = tally_.Metrics({});
  EXPECT_NE(text.find("softmigration_agent_hidden_total{component=\"pay\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("softmigration_agent_controls_total{component=\"pay\",end=\"differed\"} 1\n"), std::string::npos) << text;
}

TEST_F(TallyTest, WhatAFailingTargetIsNotAskedIsToldApart) {
  for (const compare::Side served_by : {compare::Side::kLegacy, compare::Side::kTarget}) {
    tally_.CountEligible(0);
    tally_.CountUnasked({0, served_by, {}, {}, Reservation(budget_)}, Reason::kBreakerOpen);
  }
  tally_.CountEligible(0);
  tally_.CountUnasked({0, compare::Side::kLegacy, {}, {}, Reservation(budget_)}, Reason::kBufferFull);
  const json counts = tally_.CountsJson()["components"][0];
  EXPECT_EQ(counts["verdicts"]["dropped"], 3);
  EXPECT_EQ(counts["dropped"]["breaker-open"], 2);
  EXPECT_EQ(counts["targetUnasked"], 1) << "the other would have been asked of legacy";
}

TEST_F(TallyTest, MetricsSayTheSame) {
  tally_.CountOpened();
  tally_.CountSkipped(Skip::kShadow);
  Count(0, Verdict::kStatusDiffers);
  const std::string text = tally_.Metrics({1'234, 5, 10, {false, true}});
  for (const std::string line :
       {"softmigration_agent_held_bytes 1234\n", "softmigration_agent_open_streams 5\n", "softmigration_agent_sampling_percent 10\n",
        "softmigration_agent_breaker_open{side=\"legacy\"} 0\n", "softmigration_agent_breaker_open{side=\"target\"} 1\n",
        "softmigration_agent_eligible_total{component=\"pay\"} 1\n",
        "softmigration_agent_verdicts_total{component=\"pay\",verdict=\"status-differs\"} 1\n",
        "softmigration_agent_verdicts_total{component=\"rest\",verdict=\"status-differs\"} 0\n",
        "softmigration_agent_streams_total{what=\"opened\"} 1\n", "softmigration_agent_streams_total{what=\"skipped-shadow\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace softmig::agent::testing
