#include "analysis/counts_judge.hpp"

#include <gtest/gtest.h>

#include <random>

namespace softmig::analysis::testing {
namespace {

using model::Reading;
using model::Verdict;
using std::chrono::seconds;

constexpr base::WallTime kStart{base::Millis(1'795'374'600'000)};
constexpr base::Millis kStep{10'000};

model::MetricSpec Metric(model::MetricSpec::Counts::Rule rule = model::MetricSpec::Counts::Rule::kMaxRate) {
  model::MetricSpec metric;
  metric.name = "errors";
  metric.counts.emplace();
  metric.counts->target = {"bad", "total", {}};
  metric.counts->legacy = {"legacy_bad", "legacy_total", {}};
  metric.counts->rule = rule;
  metric.counts->max_rate = 0.01;
  metric.counts->comparisons = 1000;
  return metric;
}

std::shared_ptr<const EvidenceRule> Rule(const model::MetricSpec& metric = Metric()) {
  return std::make_shared<const EvidenceRule>(*RuleFor(model::Spec(), metric, "source"));
}

Reading Number(double number, std::uint64_t id = 0) { return {Reading::Kind::kNumber, number, {}, id}; }

/// Counters of a side that grow as told.
struct Side {
  double bad = 0, total = 0;
};

/// Feeds one metric instant by instant.
class Counter {
 public:
  explicit Counter(std::shared_ptr<const EvidenceRule> rule = Rule()) : rule_(std::move(rule)) {}

  Counter& Take(const Side& target, const Side& legacy) {
    CountReadings readings = At(target);
    readings.legacy_bad = Number(legacy.bad, 3);
    readings.legacy_total = Number(legacy.total, 4);
    return Take(readings);
  }
  Counter& Take(const Side& target) { return Take(At(target)); }
  Counter& Take(CountReadings readings) {
    readings.instant = now_;
    outcome_ = TakeInstant(*rule_, std::move(outcome_.state), readings, stage);
    now_ += kStep;
    return *this;
  }
  static CountReadings At(const Side& target) { return {{}, Number(target.bad, 1), Number(target.total, 2), {}, {}}; }

  [[nodiscard]] CountsView View() const { return {rule_, evidence(), Assess(*rule_, evidence())}; }
  [[nodiscard]] Judgement Now() const { return JudgeCounts(View(), outcome_, now_); }
  [[nodiscard]] const MetricEvidence& evidence() const { return outcome_.state.evidence; }
  [[nodiscard]] const CountsOutcome& outcome() const { return outcome_; }
  [[nodiscard]] base::WallTime now() const { return now_; }

  StageInfo stage{kStart, 10};

 private:
  std::shared_ptr<const EvidenceRule> rule_;
  CountsOutcome outcome_;
  base::WallTime now_ = kStart;
};

TEST(RuleFor, TakesComparisonsByOtherRulesForOtherEvidence) {
  using Kind = model::MetricSpec::Counts::Rule;
  const auto hash_of = [](Kind kind, const std::string& rules) {
    model::Spec spec;
    spec.compare_rules = rules;
    return RuleFor(spec, Metric(kind), "source")->hash();
  };
  EXPECT_NE(hash_of(Kind::kZeroDiscrepancies, "a"), hash_of(Kind::kZeroDiscrepancies, "b"));
  EXPECT_NE(hash_of(Kind::kZeroDiscrepancies, "a"), hash_of(Kind::kZeroDiscrepancies, ""));
  EXPECT_EQ(hash_of(Kind::kMaxRate, "a"), hash_of(Kind::kMaxRate, "b")) << "an edit must not make known errors forgotten";
}

TEST(CountsJudge, CountsWhatGrewBetweenInstants) {
  Counter counter;
  counter.Take({5, 1000}, {9, 2000}).Take({6, 1100}, {10, 2300}).Take({6, 1250}, {11, 2500});
  EXPECT_EQ(counter.evidence().total, (Counts{250, 1}));
  EXPECT_EQ(counter.evidence().stage.target, (Counts{150, 0})) << "without what its counters first showed";
  EXPECT_EQ(counter.evidence().stage.legacy, (Counts{200, 1}));
  EXPECT_EQ(counter.evidence().last_window_end, kStart + 2 * kStep);
}

TEST(CountsJudge, AMissingAnswerMakesTheWindowLongerAndLosesNothing) {
  Counter counter;
  counter.Take({0, 100});
  counter.Take({{}, {}, Number(150, 2), {}, {}});
  EXPECT_EQ(counter.Now().verdict, Verdict::kNoData) << "bad is gone for a moment: that is no zero";
  CountReadings none;
  none.total.kind = Reading::Kind::kNaN;
  counter.Take(none);
  EXPECT_EQ(counter.Now().verdict, Verdict::kNaN);
  counter.Take({4, 400});
  EXPECT_EQ(counter.evidence().total, (Counts{300, 4}));
}

TEST(CountsJudge, ABadCounterThatWasNeverThereIsNoZeroButItsFirstErrorCounts) {
  Counter counter;
  const auto without = [](double total) { return CountReadings{{}, {}, Number(total, 2), {}, {}}; };
  counter.Take(without(100)).Take(without(200));
  EXPECT_EQ(counter.Now().verdict, Verdict::kNoData);
  EXPECT_NE(counter.Now().evidence.find("or vector(0)"), std::string::npos);
  EXPECT_EQ(counter.evidence().total, Counts()) << "no evidence without the bad ones";
  counter.Take({1, 300});
  EXPECT_EQ(counter.evidence().total, (Counts{100, 1}));
}

TEST(CountsJudge, AStageStartsWithTheFirstWindowThatBeganInIt) {
  Counter counter;
  counter.stage.since = kStart + kStep / 2;
  counter.Take({0, 0}).Take({0, 100});
  EXPECT_EQ(counter.evidence().stage_since, std::nullopt) << "this window began before the step was reached";
  EXPECT_EQ(counter.evidence().detector.stage, 0);
  counter.Take({0, 150}).Take({0, 175});
  EXPECT_EQ(counter.evidence().stage_since, counter.stage.since);
  EXPECT_EQ(counter.evidence().detector.stage, 1);
  EXPECT_EQ(counter.evidence().stage.target.total, 25);
  EXPECT_EQ(counter.evidence().total.total, 175);
  counter.stage.since = counter.now() - kStep;
  counter.Take({0, 200});
  EXPECT_EQ(counter.evidence().detector.stage, 2);
  EXPECT_EQ(counter.evidence().stage.target.total, 0);
  counter.Take({0, 240});
  EXPECT_EQ(counter.evidence().stage.target.total, 40);
}

TEST(CountsJudge, WhatASourceShowsLateIsNoEvidenceForTheStage) {
  Counter counter;
  counter.Take({0, 0});
  counter.stage.since = counter.now();
  for (int i = 0; i < 5; ++i) counter.Take({0, 0});  // it stands still, although users were on the target before
  counter.Take({3, 100'000});
  EXPECT_EQ(counter.evidence().stage.target, Counts()) << "of before the stage, for all that anybody knows";
  EXPECT_EQ(counter.evidence().total, (Counts{100'000, 3})) << "against the target it counts";
  EXPECT_NE(counter.Now().verdict, Verdict::kPass);
  const auto restored = FromText(ToText(counter.evidence()), *Rule());
  ASSERT_TRUE(restored);
  EXPECT_TRUE(restored->stage_open) << "and a later process does not wait for it again";
  counter.Take({3, 200'000});
  EXPECT_EQ(counter.Now().verdict, Verdict::kPass);
}

TEST(CountsJudge, CopiesCountAtOnce) {
  Counter counter;
  counter.stage.of_copies = true;
  counter.Take({0, 0}).Take({0, 100});
  EXPECT_EQ(counter.evidence().stage.target.total, 100);
}

TEST(CountsJudge, WhoeverCallsTheTargetBeforeItHasAWeightSaysNothingAboutIt) {
  Counter counter;
  counter.stage = {};
  for (int i = 0; i < 10; ++i) counter.Take({i * 90.0, i * 100.0}, {i * 1.0, i * 1000.0});
  EXPECT_EQ(counter.evidence().total, Counts());
  EXPECT_EQ(counter.evidence().noise.pooled, (Counts{9000, 9}));
  EXPECT_EQ(counter.Now().verdict, Verdict::kUndecided);
}

TEST(CountsJudge, NoTrafficIsNobodysFaultUnlessLegacyHasIt) {
  Counter quiet, starved;
  for (int i = 0; i < 5; ++i) {
    quiet.Take({0, 0}, {0, i * 100.0});     // at 10 % the target should have had 11 a window
    starved.Take({0, 0}, {0, i * 1000.0});  // 111
  }
  EXPECT_EQ(quiet.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(starved.Now().verdict, Verdict::kNoData);
  EXPECT_NE(starved.Now().evidence.find("in spite of its weight"), std::string::npos);
}

TEST(CountsJudge, RequestsOfBeforeDoNotHideThatNobodyComesAnyMore) {
  Counter counter;
  for (int i = 0; i < 10; ++i) counter.Take({0, i * 100.0}, {0, i * 900.0});
  ASSERT_EQ(counter.Now().verdict, Verdict::kPass);
  for (int i = 0; i < kSilentWindows; ++i) counter.Take({0, 900}, {0, 9000 + i * 1000.0});
  EXPECT_EQ(counter.Now().verdict, Verdict::kNoData);
  counter.Take({0, 910}, {0, 12'000});
  EXPECT_EQ(counter.Now().verdict, Verdict::kPass);
}

CountReadings TargetGone(const Side& legacy) { return {{}, {}, {}, Number(legacy.bad, 3), Number(legacy.total, 4)}; }

TEST(CountsJudge, RemembersSinceWhenOnlyTheTargetsSeriesAreGone) {
  Counter counter;
  counter.Take({0, 0}, {0, 0}).Take({0, 100}, {0, 900});
  const base::WallTime gone = counter.now();
  counter.Take(TargetGone({0, 1800})).Take(TargetGone({0, 2700}));
  EXPECT_EQ(counter.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(counter.Now().target_gone_since, gone);
  EXPECT_EQ(counter.Now().evidence, "total gives no series, while legacy still has its series");
  CountReadings failed = TargetGone({0, 3600});
  failed.total.kind = Reading::Kind::kError;
  counter.Take(failed);
  EXPECT_EQ(counter.Now().target_gone_since, std::nullopt) << "nothing is known of it now";
  counter.Take(TargetGone({0, 4500}));
  EXPECT_EQ(counter.Now().target_gone_since, gone) << "a failed question says nothing either way";
  counter.Take({0, 200}, {0, 5400});
  EXPECT_EQ(counter.Now().target_gone_since, std::nullopt);
  const base::WallTime again = counter.now();
  counter.Take(TargetGone({0, 6300}));
  EXPECT_EQ(counter.Now().target_gone_since, again);
}

TEST(CountsJudge, WhatWasNeverThereOrIsGoneOnBothSidesIsNotTheTargetsAlone) {
  Counter never, both, only_bad;
  never.Take(TargetGone({0, 0})).Take(TargetGone({0, 900}));
  EXPECT_EQ(never.Now().target_gone_since, std::nullopt);
  both.Take({0, 0}, {0, 0}).Take({0, 100}, {0, 900});
  only_bad = both;
  both.Take({{}, {}, {}, Reading(), Reading()});
  EXPECT_EQ(both.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(both.Now().target_gone_since, std::nullopt);
  CountReadings readings = TargetGone({0, 1800});
  readings.total = Number(200, 2);
  only_bad.Take(readings);
  EXPECT_EQ(only_bad.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(only_bad.Now().target_gone_since, std::nullopt) << "series of errors go with the pod that made them";
}

TEST(CountsJudge, LegacyIsNeededOnlyByARuleThatIsRelativeToIt) {
  using Rules = model::MetricSpec::Counts::Rule;
  Counter absolute, relative(Rule(Metric(Rules::kNotWorseThanLegacy)));
  for (Counter* counter : {&absolute, &relative}) {
    counter->Take({0, 0}, {0, 0});
    CountReadings readings = Counter::At({1, 100});
    readings.legacy_bad.emplace();
    readings.legacy_total.emplace();
    counter->Take(readings);
    EXPECT_EQ(counter->evidence().total, (Counts{100, 1}));
  }
  EXPECT_EQ(absolute.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(relative.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(relative.Now().evidence, "legacy: total gives no series");
}

TEST(CountsJudge, TellsAGoodFromABadTarget) {
  Counter good, bad;
  for (int i = 0; i < 60; ++i) {
    good.Take({i * 1.0, i * 1000.0});
    bad.Take({i * 100.0, i * 1000.0});
  }
  EXPECT_EQ(good.Now().verdict, Verdict::kPass);
  EXPECT_EQ(good.Now().window_start, kStart);
  EXPECT_EQ(good.Now().samples, 58'000);
  EXPECT_EQ(bad.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(bad.Now().value, 0.1);
}

TEST(CountsJudge, WhatLegacySuffersTooIsNoBreachUnlessTheTargetIsWorse) {
  Counter shared, worse, alone;
  const auto run = [](Counter& counter, double target_bad, double legacy_bad, int windows) {
    for (int i = 0; i < windows; ++i) counter.Take({i * target_bad, i * 1000.0}, {i * legacy_bad, i * 1000.0});
  };
  run(shared, 100, 100, 30);
  run(worse, 300, 100, 30);
  run(alone, 100, 1, 30);
  EXPECT_EQ(shared.Now().verdict, Verdict::kUndecided);
  EXPECT_TRUE(shared.View().assessment.shared_failure);
  EXPECT_NE(Describe(shared.View()).find("which legacy does not keep itself"), std::string::npos);
  EXPECT_EQ(worse.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(alone.Now().verdict, Verdict::kBreach);
  EXPECT_FALSE(alone.View().assessment.shared_failure);
}

TEST(CountsJudge, DescribesWhatPeopleAskFor) {
  Counter counter;
  for (int i = 0; i < 5; ++i) counter.Take({i * 1.0, i * 100.0}, {i * 2.0, i * 900.0});
  const std::string text = Describe(counter.View());
  for (const char* part :
       {"3 of 300 bad (1 %, likely ", "legacy 6 of 2700 bad", "tolerated 1 %", "odds against the target", "rollback at 100"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
  }
  EXPECT_LT(text.size(), 512U);
  EXPECT_EQ(Describe(Counter().View()), "no request of the target in this step yet, tolerated 1 %");
}

TEST(CountsJudge, TheLikelyRatesAreAboutTheRateThatIsShown) {
  Counter counter;
  Side target, legacy;
  for (int i = 0; i < 200; ++i) {  // quiet at first; then both fail, which teaches how noisy legacy is
    const bool failing = i > 30;
    target = {target.bad + (failing ? 60 : 0), target.total + 200};
    legacy = {legacy.bad + (failing ? 540 : 0), legacy.total + 1800};
    counter.Take(target, legacy);
  }
  const Explanation explanation = Explain(*Rule(), counter.evidence());
  const double rate = target.bad / target.total;
  EXPECT_LT(explanation.target.lower, rate);
  EXPECT_GT(explanation.target.upper, rate);
  EXPECT_TRUE(explanation.assessment.shared_failure);
  EXPECT_NE(explanation.requests_to_decision, 0.0) << "what legacy suffers too decides nothing";
}

TEST(CountsJudge, TextsAreOfTheirRuleOnly) {
  Counter counter;
  counter.Take({0, 0}).Take({1, 100});
  const std::string text = ToText(counter.evidence());
  EXPECT_EQ(FromText(text, *Rule()), counter.evidence());
  model::MetricSpec other = Metric();
  other.counts->max_rate = 0.02;
  EXPECT_EQ(FromText(text, *Rule(other)), std::nullopt);
  EXPECT_EQ(FromText("{", *Rule()), std::nullopt);
  EXPECT_EQ(FromText(std::string(100'000, '['), *Rule()), std::nullopt);
}

/// A day of counters with gaps, resets, new and lost series, and steps.
struct Story {
  std::vector<CountReadings> readings;
  std::vector<StageInfo> stages;
};

Story Draw(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<double>(random() % static_cast<unsigned>(n)); };
  Story story;
  Side target, legacy;
  StageInfo stage;
  for (int i = 0; i < 120; ++i) {
    const base::WallTime now = kStart + kStep * i;
    if (random() % 20 == 0) stage = {now - base::Millis(random() % 15'000), 10 + i / 3};
    if (random() % 30 == 0) target = {};
    const double n = below(200);
    target = {target.bad + std::min(n, below(8)), target.total + n};
    legacy = {legacy.bad + below(5), legacy.total + 5 + below(900)};
    CountReadings readings = Counter::At(target);
    readings.instant = now;
    readings.legacy_bad = Number(legacy.bad, 3);
    readings.legacy_total = Number(legacy.total, 4);
    if (random() % 10 == 0) readings.total.kind = Reading::Kind::kNaN;
    if (random() % 10 == 0) readings.legacy_bad->kind = Reading::Kind::kNoData;
    story.readings.push_back(readings);
    story.stages.push_back(stage);
  }
  return story;
}

TEST(CountsJudge, ARestartAtAnyMomentGivesTheSameBytes) {
  constexpr std::size_t kLookBack = 30;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Story story = Draw(seed);
    const auto rule = Rule();
    const auto go_on = [&](CountsState state, std::size_t from) {
      for (std::size_t i = from; i < story.readings.size(); ++i) {
        state = TakeInstant(*rule, std::move(state), story.readings[i], story.stages[i]).state;
      }
      return ToText(state.evidence);
    };
    const std::string whole = go_on({}, 0);
    CountsState live;
    for (std::size_t i = 0; i < story.readings.size(); ++i) {
      live = TakeInstant(*rule, std::move(live), story.readings[i], story.stages[i]).state;
      if (i % 7 != 0 || !live.evidence.last_window_end) continue;
      CountsState restarted;
      restarted.evidence = *FromText(ToText(live.evidence), *rule);
      EXPECT_EQ(go_on(std::move(restarted), i < kLookBack ? 0 : i - kLookBack), whole) << "seed " << seed << ", restart after " << i;
    }
  }
}

TEST(StageOf, IsAReachedWeight) {
  model::ComponentStatus component;
  component.phase = model::Phase::kShift;
  component.since = kStart;
  EXPECT_EQ(StageOf(component).since, std::nullopt) << "nobody is on the target yet";
  component.weight = base::Percent::Of(10);
  EXPECT_EQ(StageOf(component), (StageInfo{kStart, 10}));
  component.phase = model::Phase::kRollingBack;
  EXPECT_EQ(StageOf(component).since, std::nullopt);
}

}  // namespace
}  // namespace softmig::analysis::testing
