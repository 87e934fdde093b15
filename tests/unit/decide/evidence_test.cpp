// Decisions on counts that are judged by evidence.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "decide/decide.hpp"
#include "decide/reasons.hpp"
#include "fakes/builders.hpp"
#include "scenario/world.hpp"

namespace softmig::decide {
namespace {

using analysis::Counts;
using model::Phase;
using model::Verdict;
using scenario::World;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::Millis kWindow{5'000};

model::Spec Judged(const std::vector<std::string>& metrics, base::Millis hold = seconds(0)) {
  model::Spec spec = fakes::MakeMigration().Metrics(metrics).Steps({{10, hold}, {100, base::Millis(0)}}).Spec();
  for (model::MetricSpec& metric : spec.metrics) {
    metric.counts->rule = model::MetricSpec::Counts::Rule::kMaxRate;
    metric.counts->burst_tolerance = seconds(1);  // one window may say all
  }
  return spec;
}

/// A world whose metrics are counted: the evidence goes from pass to pass, as the poller keeps it.
class Judging {
 public:
  explicit Judging(model::Spec spec) : world(std::move(spec)) {
    for (const model::MetricSpec& metric : world.spec.metrics) rules_[metric.name] = Rule(metric);
    Settle();
    Go(seconds(2));
  }

  /// One window of a metric that ends now.
  Judging& Count(const std::string& metric, double n, double k, std::optional<Counts> legacy = std::nullopt) {
    world.now += kWindow;
    analysis::MetricEvidence& evidence = evidence_[metric];
    const auto since = world.status.components.empty() ? std::nullopt : world.status.components.front().since;
    if (since && evidence.stage_since != since) {
      evidence = analysis::StartStage(*rules_.at(metric), evidence);
      evidence.stage_since = since;
    }
    evidence = analysis::Advance(*rules_.at(metric), evidence, {world.now - kWindow, world.now, {n, k}, legacy});
    return *this;
  }
  Judging& Go(base::Millis time) {
    world.now += time;
    Settle();
    return *this;
  }
  void Settle() {
    for (int i = 0; i < 40 && world.Apply(Decide()); ++i) {
    }
  }
  [[nodiscard]] Decision Decide() const { return decide::Decide(world.spec, world.status, Observe(), world.now); }

  [[nodiscard]] Observation Observe() const {
    Observation seen = world.Observe();
    for (auto& [key, metric] : seen.metrics) {
      const auto it = evidence_.find(key.second);
      const analysis::MetricEvidence evidence = it == evidence_.end() ? analysis::MetricEvidence() : it->second;
      const auto& rule = rules_.at(key.second);
      const auto view = std::make_shared<const analysis::CountsView>(
          analysis::CountsView{rule, evidence, analysis::Assess(*rule, evidence), legacy_per_second});
      metric = {analysis::JudgeCounts(*view, {}, world.now), {}, {}, view};
    }
    if (unseen) seen.metrics.clear();
    return seen;
  }
  [[nodiscard]] const model::ComponentStatus& component() const { return world.status.components.front(); }
  [[nodiscard]] const model::MetricStatus& metric(std::size_t index) const { return component().metrics.at(index); }

  World world;
  double legacy_per_second = 0;
  bool unseen = false;  ///< this process has not asked yet

 private:
  [[nodiscard]] std::shared_ptr<const analysis::EvidenceRule> Rule(const model::MetricSpec& metric) const {
    return std::make_shared<const analysis::EvidenceRule>(*analysis::RuleFor(world.spec, metric, "test"));
  }

  std::map<std::string, std::shared_ptr<const analysis::EvidenceRule>> rules_;
  std::map<std::string, analysis::MetricEvidence> evidence_;
};

TEST(DecideEvidence, StepsWhenThereIsEnoughOfItAndNotBefore) {
  Judging run(Judged({"errors"}));
  ASSERT_EQ(run.component().weight.value(), 10);
  run.Count("errors", 200, 0).Settle();
  EXPECT_EQ(run.component().weight.value(), 10) << "200 good requests do not refute 1 %";
  EXPECT_EQ(run.component().waiting_for, "metric errors: Undecided");
  run.Count("errors", 400, 0).Settle();
  EXPECT_EQ(run.component().weight.value(), 100);
  EXPECT_EQ(run.component().phase, Phase::kShift) << "the new step needs evidence of its own";
}

TEST(DecideEvidence, ABreachNamesWhatItRestsOn) {
  Judging run(Judged({"errors"}));
  run.Count("errors", 1000, 300);
  run.Count("errors", 1000, 300).Settle();
  EXPECT_EQ(run.component().phase, Phase::kRolledBack);
  const model::RollbackRecord& record = *run.world.status.last_rollback;
  EXPECT_EQ(record.reason, reason::kMetricBreached);
  EXPECT_EQ(record.metric, "errors");
  EXPECT_EQ(record.value, 0.3);
  EXPECT_NE(record.evidence.find("600 of 2000 bad"), std::string::npos) << record.evidence;
}

TEST(DecideEvidence, OfSeveralMetricsTheMeanDecidesAndTheStrongestIsBlamed) {
  const auto evidence_of_one = [](std::vector<std::string> names) {
    Judging run(Judged(names));
    run.Count("a", 100, 8).Settle();
    return run;
  };
  const Judging alone = evidence_of_one({"a"});
  EXPECT_EQ(alone.component().phase, Phase::kRolledBack) << "odds of more than 100 to 1";
  const Judging among = evidence_of_one({"a", "b", "c", "d", "e", "f", "g", "h"});
  EXPECT_EQ(among.component().phase, Phase::kShift) << "an eighth of that";
  EXPECT_EQ(among.metric(0).verdict, Verdict::kUndecided);
  Judging more = among;
  more.Count("a", 100, 9).Settle();
  EXPECT_EQ(more.component().phase, Phase::kRolledBack);
  EXPECT_EQ(more.world.status.last_rollback->metric, "a");
}

/// When users are taken back once only the target's numbers are gone, after `missing` without any evidence.
base::Millis TakenBackAfter(model::NoEvidencePolicy policy, base::Millis missing) {
  model::Spec spec = fakes::MakeMigration().Steps({{10, minutes(90)}, {100, base::Millis(0)}}).Spec();
  spec.on_no_evidence = policy;
  World world(spec);
  const auto settle = [&](std::optional<base::WallTime> gone) {
    for (int i = 0; i < 40; ++i) {
      Observation seen = world.Observe();
      for (auto& [key, metric] : seen.metrics) metric.latest->target_gone_since = gone;
      if (!world.Apply(Decide(world.spec, world.status, seen, world.now))) return;
    }
  };
  settle({});
  world.now += seconds(2);
  settle({});
  world.metrics.at({"all", "errors"}).verdict = Verdict::kNoData;
  for (const base::WallTime until = world.now + missing; world.now < until; world.now += seconds(10)) settle({});
  const base::WallTime gone = world.now;
  while (world.status.components.front().weight.value() > 0 && world.now < gone + minutes(60)) {
    settle(gone);
    world.now += seconds(10);
  }
  return world.now - gone;
}

TEST(DecideEvidence, WhereOnlyTheTargetsNumbersAreGoneTheDeadlineIsAtMostFiveMinutes) {
  using model::BreachPolicy;
  EXPECT_EQ(TakenBackAfter({minutes(30), BreachPolicy::kRollback}, base::Millis(0)), minutes(5) + seconds(10));
  EXPECT_EQ(TakenBackAfter({minutes(30), BreachPolicy::kRollback}, minutes(20)), minutes(5) + seconds(10))
      << "what was missing before was another matter";
  EXPECT_EQ(TakenBackAfter({minutes(30), BreachPolicy::kRollback}, minutes(28)), minutes(2) + seconds(10)) << "but the deadline stays";
  EXPECT_EQ(TakenBackAfter({minutes(1), BreachPolicy::kRollback}, base::Millis(0)), minutes(1) + seconds(10));
  EXPECT_EQ(TakenBackAfter({minutes(1), BreachPolicy::kHold}, base::Millis(0)), minutes(60)) << "never";
}

TEST(DecideEvidence, TenToOneAgainstHoldsUntilItIsBelowThree) {
  Judging run(Judged({"errors"}));
  run.Count("errors", 100, 6).Settle();
  ASSERT_TRUE(run.component().holding);
  ASSERT_EQ(run.component().phase, Phase::kShift);
  EXPECT_NE(run.component().waiting_for.find("evidence against the target"), std::string::npos) << run.component().waiting_for;
  for (int i = 0; i < 40 && run.component().holding; ++i) run.Count("errors", 200, 0).Settle();
  ASSERT_FALSE(run.component().holding);
  EXPECT_EQ(run.component().weight.value(), 10) << "nothing speaks against it, but not enough for it yet";
  for (int i = 0; i < 20; ++i) run.Count("errors", 200, 0).Settle();
  EXPECT_EQ(run.component().weight.value(), 100);
}

TEST(DecideEvidence, ABreachThatIsHeldStaysOne) {
  model::Spec spec = Judged({"errors"});
  spec.on_breach = model::BreachPolicy::kHold;
  Judging run(spec);
  run.Count("errors", 1000, 300).Count("errors", 1000, 300).Settle();
  EXPECT_EQ(run.metric(0).verdict, Verdict::kBreach);
  EXPECT_EQ(run.component().weight.value(), 10);
  for (int i = 0; i < 50; ++i) run.Count("errors", 10'000, 0).Settle();
  EXPECT_EQ(run.metric(0).verdict, Verdict::kBreach) << "alpha is spent once";
  EXPECT_EQ(run.component().weight.value(), 10);
}

TEST(DecideEvidence, IsWrittenWithEachTransitionAndOtherwiseOnceAMinute) {
  Judging run(Judged({"errors"}, minutes(60)));
  const auto records = [&] { return run.world.status.checkpoint.records; };
  run.Count("errors", 50, 0).Settle();
  const auto at = run.world.status.checkpoint.at;
  ASSERT_EQ(records().size(), 1U);
  run.Count("errors", 50, 0).Count("errors", 50, 0).Settle();
  EXPECT_EQ(run.world.status.checkpoint.at, at) << "nothing else changed, and no minute has passed";
  for (int i = 0; i < 11; ++i) run.Count("errors", 50, 0);
  run.Settle();
  EXPECT_GT(run.world.status.checkpoint.at, at);
  EXPECT_GE(records()[0].samples, 500);
  const auto later = run.world.status.checkpoint.at;
  for (int i = 0; i < 20; ++i) run.Count("errors", 0, 0);
  run.Settle();
  EXPECT_EQ(run.world.status.checkpoint.at, later) << "no request, no news";
  EXPECT_EQ(run.Decide().next, run.world.status);
}

TEST(DecideEvidence, AChangeOfWeightKeepsWhatWasAskedAndCountedBeforeAndAfter) {
  Judging run(Judged({"errors"}));
  run.Count("errors", 200, 0, Counts{1000, 1}).Go(minutes(2));
  run.Count("errors", 400, 0, Counts{1000, 2});
  const Decision stepping = run.Decide();
  ASSERT_EQ(stepping.records.size(), 1U);
  EXPECT_EQ(stepping.next.last_decision, stepping.records.front());
  const model::DecisionRecord& record = stepping.records.front();
  EXPECT_EQ(record.reason, reason::kShifting);
  EXPECT_EQ(record.from.value(), 10);
  EXPECT_EQ(record.to.value(), 100);
  ASSERT_EQ(record.metrics.size(), 1U);
  const model::DecisionMetric& errors = record.metrics.front();
  EXPECT_EQ(errors.verdict, Verdict::kPass);
  EXPECT_EQ(errors.asked, model::AskedText(run.world.spec.metrics.front()));
  EXPECT_NE(errors.evidence.find("0 of 600 bad"), std::string::npos) << errors.evidence;
  ASSERT_TRUE(errors.before && errors.after);
  EXPECT_EQ(errors.before->total, 200) << "as status had it";
  EXPECT_EQ(errors.before->legacy_bad, 1);
  EXPECT_EQ(errors.after->total, 600);
  EXPECT_EQ(errors.after->bad, 0);
  EXPECT_EQ(errors.after->legacy_total, 2000);
  EXPECT_EQ(errors.after->legacy_bad, 3);
  EXPECT_NE(errors.before->in_favour, errors.after->in_favour);
  run.Settle();
  EXPECT_EQ(run.world.status.last_decision, record) << "nothing else overwrites it";
}

TEST(DecideEvidence, ARollbackKeepsItsRecordToo) {
  Judging run(Judged({"errors"}));
  run.Count("errors", 1000, 300).Count("errors", 1000, 300).Settle();
  const auto& record = run.world.status.last_decision;
  ASSERT_TRUE(record);
  EXPECT_EQ(record->reason, reason::kMetricBreached);
  EXPECT_EQ(record->to.value(), 0);
  ASSERT_EQ(record->metrics.size(), 1U);
  EXPECT_EQ(record->metrics.front().verdict, Verdict::kBreach);
  ASSERT_TRUE(record->metrics.front().after);
  EXPECT_EQ(record->metrics.front().after->bad, 600);
}

TEST(DecideEvidence, AProcessThatHasNotAskedYetKeepsWhatIsWritten) {
  Judging run(Judged({"errors"}, minutes(60)));
  run.Count("errors", 50, 0).Settle();
  run.Go(minutes(2));
  const model::Checkpoint written = run.world.status.checkpoint;
  run.unseen = true;
  run.world.spec.paused = true;
  run.world.generation = 2;
  run.Settle();
  EXPECT_EQ(run.world.status.observed_generation, 2);
  EXPECT_EQ(run.world.status.checkpoint.records, written.records);
}

TEST(DecideEvidence, ALegacyBeyondTheToleranceIsSaidBeforeAnybodyMoves) {
  Judging run(Judged({"errors"}));
  Judging fresh(Judged({"errors"}));
  fresh.world = World(Judged({"errors"}));
  fresh.Count("errors", 0, 0, Counts{10'000, 500});
  fresh.Settle();
  fresh.Go(seconds(2));
  EXPECT_EQ(fresh.component().weight.value(), 0);
  EXPECT_EQ(fresh.component().waiting_for,
            "metric errors: legacy itself is beyond what is tolerated; raise maxRate, or judge by notWorseThanLegacy");
  EXPECT_EQ(run.component().weight.value(), 10);
}

TEST(DecideEvidence, TheFirstUsersComeOnceTheComparisonsOfABridgePass) {
  model::Spec spec = Judged({"answers"});
  spec.metrics[0].source = model::BridgeSource{{"differs"}};
  Judging run(spec);
  run.Count("answers", 200, 0).Go(seconds(2));
  EXPECT_EQ(run.component().weight.value(), 0);
  EXPECT_EQ(run.component().waiting_for, "metric answers: Undecided");
  run.Count("answers", 400, 0).Settle();
  ASSERT_EQ(run.component().weight.value(), 10);
  run.Go(minutes(1));
  EXPECT_EQ(run.component().weight.value(), 10) << "that was before them";
  run.Count("answers", 600, 0).Settle();
  EXPECT_EQ(run.component().weight.value(), 100);
}

TEST(DecideEvidence, AHoldTooShortForTheTrafficIsTold) {
  Judging run(Judged({"errors"}));
  run.world = World(Judged({"errors"}, minutes(1)));
  run.legacy_per_second = 10;
  run.Count("errors", 0, 0, Counts{1000, 1});
  run.Settle();
  run.world.now += seconds(2);
  std::vector<std::string> notes;
  for (int i = 0; i < 10; ++i) {
    const Decision decision = run.Decide();
    for (const Note& note : decision.notes) notes.push_back(note.reason + ": " + note.message);
    if (!run.world.Apply(decision)) break;
  }
  const std::string all = nlohmann::json(notes).dump();
  EXPECT_NE(all.find("EvidenceIsSlow: metric errors: at this traffic 10 % give enough evidence after about"), std::string::npos) << all;
}

}  // namespace
}  // namespace softmig::decide
