#include "simulate/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fakes/builders.hpp"
#include "simulate/report.hpp"

namespace softmig::simulate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::WallTime kBegin{base::Millis(1'767'225'600'000)};

/// 10 % for an hour, then all; at most 1 % bad, judged by evidence, legacy counted.
fakes::MigrationBuilder Plan() { return fakes::MakeMigration().Steps({{10, hours(1)}, {100, minutes(10)}}); }

model::Spec ByEvidence(const fakes::MigrationBuilder& builder) {
  model::Spec spec = builder.Spec();
  for (model::MetricSpec& metric : spec.metrics) {
    metric.counts->rule = model::MetricSpec::Counts::Rule::kMaxRate;
    metric.counts->legacy = {"legacy_bad", "legacy_total", {}};
  }
  return spec;
}

Timeline Play(const model::Spec& spec, const std::string& csv = "", Moment begin = {.requests = 100}) {
  const auto trace = csv.empty() ? base::Result<Trace>(Trace(begin, {})) : Trace::Read(csv, begin);
  EXPECT_TRUE(trace) << trace.error().message;
  const auto timeline = Run(spec, *trace, {kBegin, hours(4)});
  EXPECT_TRUE(timeline) << timeline.error().message;
  return *timeline;
}

const TimelineEvent* Find(const Timeline& timeline, const std::string& reason) {
  const auto it = std::ranges::find(timeline.events, reason, &TimelineEvent::reason);
  return it == timeline.events.end() ? nullptr : &*it;
}

std::vector<int> Weights(const Timeline& timeline) {
  std::vector<int> weights;
  for (const TimelineStep& step : timeline.steps) weights.push_back(step.weight);
  return weights;
}

TEST(Simulate, AGoodTargetGoesThroughTheHolds) {
  const Timeline timeline = Play(ByEvidence(Plan()));
  EXPECT_EQ(timeline.status.phase, model::Phase::kComplete);
  EXPECT_FALSE(timeline.cut_off);
  ASSERT_EQ(Weights(timeline), (std::vector<int>{10, 100}));
  const base::Millis first = *timeline.steps[0].until - timeline.steps[0].from;
  EXPECT_GE(first, hours(1));
  EXPECT_LE(first, hours(1) + minutes(1));
  EXPECT_NEAR(timeline.steps[0].requests, 10.0 * std::chrono::duration<double>(first).count(), 1);
  ASSERT_EQ(timeline.harm.size(), 1U);
  EXPECT_EQ(timeline.harm[0].bad, 0);
}

TEST(Simulate, ABridgeComparesBeforeTheFirstUsersCome) {
  model::Spec spec = ByEvidence(Plan());
  spec.metrics[0].counts->legacy.reset();
  spec.metrics[0].source = model::BridgeSource{{"differs"}};
  const Timeline timeline = Play(spec, "time,target_bad\n0s,0.2\n30m,0\n");
  EXPECT_EQ(timeline.status.phase, model::Phase::kComplete);
  ASSERT_EQ(Weights(timeline), (std::vector<int>{10, 100}));
  EXPECT_GE(timeline.steps[0].from, minutes(30));
  EXPECT_EQ(timeline.harm.at(0).bad, 0) << "nobody met the bad target";
}

TEST(Simulate, TooLittleTrafficMakesAStepLonger) {
  // 0.1 requests a second of the target: 578 of them take an hour and a half.
  const Timeline timeline = Play(ByEvidence(Plan()), "", {.requests = 1});
  EXPECT_EQ(timeline.status.phase, model::Phase::kComplete);
  const base::Millis first = *timeline.steps.at(0).until - timeline.steps[0].from;
  EXPECT_GT(first, minutes(80));
  EXPECT_LT(first, minutes(120));
  EXPECT_NE(Find(timeline, "EvidenceIsSlow"), nullptr);
}

TEST(Simulate, ABadTargetIsRolledBackAndTheHarmedAreCounted) {
  const Timeline timeline = Play(ByEvidence(Plan()), "time,target_bad,legacy_bad\n0s,0.001,0.001\n30m,0.2,\n");
  EXPECT_EQ(timeline.status.phase, model::Phase::kRolledBack);
  EXPECT_EQ(Weights(timeline), (std::vector<int>{10, 0}));
  const TimelineEvent* breach = Find(timeline, "MetricBreached");
  ASSERT_NE(breach, nullptr);
  EXPECT_GT(breach->at, minutes(30));
  EXPECT_LT(breach->at, minutes(33)) << "a breach must last about a minute";
  const Harm& harm = timeline.harm.at(0);
  const double bad_seconds = std::chrono::duration<double>(breach->at - minutes(30)).count();
  EXPECT_NEAR(harm.bad, 18 + 2 * bad_seconds, 2) << "10 requests a second for half an hour, then a fifth of them";
  EXPECT_NEAR(harm.on_legacy, harm.requests * 0.001, 0.5);
}

TEST(Simulate, ASourceThatGoesAwayTakesUsersBackAtTheDeadline) {
  const Timeline timeline = Play(ByEvidence(Plan().OnNoEvidence(minutes(15), model::BreachPolicy::kRollback)), "time,source\n20m,down\n");
  EXPECT_EQ(timeline.status.phase, model::Phase::kRolledBack);
  const TimelineEvent* rollback = Find(timeline, "NoEvidence");
  ASSERT_NE(rollback, nullptr);
  EXPECT_GE(rollback->at, minutes(35));
  EXPECT_LE(rollback->at, minutes(36));
}

TEST(Simulate, ASourceThatComesBackIsAskedForWhatWasMissed) {
  const Timeline away = Play(ByEvidence(Plan()), "time,source\n20m,down\n25m,up\n");
  const Timeline well = Play(ByEvidence(Plan()));
  EXPECT_EQ(away.status.phase, model::Phase::kComplete);
  EXPECT_EQ(away.ended, well.ended);
}

TEST(Simulate, ATargetWithoutEndpointsTakesUsersBackAtOnce) {
  const Timeline timeline = Play(ByEvidence(Plan()), "time,target\n10m3s,down\n");
  EXPECT_EQ(timeline.status.phase, model::Phase::kRolledBack);
  ASSERT_NE(Find(timeline, "TargetNotServing"), nullptr);
  EXPECT_EQ(Find(timeline, "TargetNotServing")->at, minutes(10) + seconds(3));
}

TEST(Simulate, ComponentsGoOneAfterTheOtherAndOneThatWaitsForARolledBackOneEndsIt) {
  const model::Spec spec = ByEvidence(Plan().Components({{"refunds", {}}, {"rest", {"refunds"}}}));
  const Timeline well = Play(spec);
  EXPECT_EQ(well.status.phase, model::Phase::kComplete);
  EXPECT_EQ(well.steps.size(), 4U);
  const Timeline bad = Play(spec, "time,component,target_bad\n30m,refunds,0.3\n");
  EXPECT_FALSE(bad.cut_off);
  EXPECT_LT(bad.ended, hours(1));
  for (const TimelineStep& step : bad.steps) EXPECT_EQ(step.component, "refunds");
}

TEST(Simulate, WhatHoldsIsCutOffAndSaysWhatItWaitsFor) {
  const Timeline timeline = Play(ByEvidence(Plan().Desired(model::DesiredPhase::kShift)));
  EXPECT_TRUE(timeline.cut_off);
  EXPECT_EQ(timeline.status.components.at(0).waiting_for, "desiredPhase to be Complete");
  const std::string text = ToText({"shop/payments", "nothing", timeline}, view::Colour::kNever);
  EXPECT_NE(text.find("still Shift after"), std::string::npos) << text;
  EXPECT_NE(text.find("all waits for desiredPhase to be Complete"), std::string::npos) << text;
}

TEST(Simulate, ThresholdsAndValuesAreJudgedToo) {
  EXPECT_EQ(Play(Plan().Spec()).status.phase, model::Phase::kComplete);
  EXPECT_EQ(Play(Plan().Spec(), "time,target_bad\n5m,0.5\n").status.phase, model::Phase::kRolledBack);
  model::Spec spec = Plan().Spec();
  spec.metrics[0].counts.reset();
  spec.metrics[0].value = {"p99", {}, 0.5};
  EXPECT_EQ(Play(spec).status.phase, model::Phase::kComplete);
  EXPECT_EQ(Play(spec, "time,metric,value\n0s,errors,0.4\n5m,errors,0.6\n").status.phase, model::Phase::kRolledBack);
}

TEST(Simulate, SameInputGivesSameBytes) {
  const auto play = [] { return ToJson({"a", "b", Play(ByEvidence(Plan()), "time,target_bad\n30m,0.2\n")}); };
  const std::string once = play();
  EXPECT_EQ(once, play());
  const auto json = nlohmann::json::parse(once);
  EXPECT_EQ(json["phase"], "RolledBack");
  EXPECT_EQ(json["steps"][0]["weight"], 10);
}

TEST(LookAhead, SaysWhatTheOperatorWouldMakeOfAnEdit) {
  model::Spec spec = ByEvidence(Plan());
  Timeline halfway = Play(ByEvidence(Plan().Desired(model::DesiredPhase::kShift)));
  spec.desired_phase = model::DesiredPhase::kPending;
  const NextPasses back = LookAhead(spec, halfway.status, true, kBegin + halfway.ended);
  EXPECT_EQ(back.status.current_weight, 0);
  EXPECT_FALSE(back.notes.empty());
  const NextPasses same = LookAhead(ByEvidence(Plan().Desired(model::DesiredPhase::kShift)), halfway.status, true, kBegin + halfway.ended);
  EXPECT_TRUE(same.notes.empty());
  EXPECT_EQ(same.status.current_weight, halfway.status.current_weight);
}

}  // namespace
}  // namespace softmig::simulate
