// Comparisons of a bridge, round by round.
#include <gtest/gtest.h>

#include "analysis/counts_judge.hpp"

namespace softmig::analysis::testing {
namespace {

using model::Verdict;
using std::chrono::seconds;

constexpr base::WallTime kStart{base::Millis(1'795'374'600'000)};

model::MetricSpec Metric() {
  model::MetricSpec metric;
  metric.name = "answers";
  metric.source = model::BridgeSource{{"differs"}};
  metric.counts.emplace();
  metric.counts->rule = model::MetricSpec::Counts::Rule::kZeroDiscrepancies;
  metric.counts->comparisons = 100;
  return metric;
}

model::MetricSpec WithRate(double rate) {
  model::MetricSpec metric = Metric();
  metric.counts->rule = model::MetricSpec::Counts::Rule::kMaxRate;
  metric.counts->max_rate = rate;
  metric.counts->burst_tolerance = seconds(1);
  return metric;
}

/// One agent, asked once a second.
class Rounds {
 public:
  explicit Rounds(const model::MetricSpec& metric = Metric())
      : rule_(std::make_shared<const EvidenceRule>(*RuleFor(model::Spec(), metric, "source"))) {}

  Rounds& Tell(double total, double bad, double given_up = 0) { return Tell({{1, {total, bad}, given_up}}); }
  Rounds& Tell(std::vector<AgentCount> agents) {
    outcome_ = TakeAgents(*rule_, std::move(outcome_.state), {now, std::move(agents)}, stage);
    now += seconds(1);
    return *this;
  }
  /// Another leader, which has what status keeps.
  Rounds& Restart() {
    const auto kept = FromText(ToText(evidence()), *rule_);
    EXPECT_TRUE(kept.has_value());
    outcome_.state = {};
    outcome_.state.evidence = *kept;
    return *this;
  }
  [[nodiscard]] Judgement Now() const {
    const CountsView view{rule_, evidence(), Assess(*rule_, evidence()), 0};
    return JudgeCounts(view, outcome_, now);
  }
  [[nodiscard]] const MetricEvidence& evidence() const { return outcome_.state.evidence; }
  [[nodiscard]] const CountsOutcome& outcome() const { return outcome_; }

  StageInfo stage{kStart - seconds(10), 0, true};
  base::WallTime now = kStart;

 private:
  std::shared_ptr<const EvidenceRule> rule_;
  CountsOutcome outcome_;
};

TEST(AgentsJudge, TheFirstRoundIsWhereCountingStarts) {
  Rounds rounds;
  rounds.Tell(5000, 12);
  EXPECT_EQ(rounds.evidence().total, Counts());
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
  rounds.Tell(5060, 12);
  EXPECT_EQ(rounds.evidence().total, (Counts{60, 0}));
  EXPECT_EQ(rounds.evidence().last_window_end, kStart + seconds(1));
}

TEST(AgentsJudge, EnoughGoodComparisonsPassBeforeTheFirstUsers) {
  Rounds rounds;
  rounds.Tell(0, 0).Tell(99, 0);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
  rounds.Tell(100, 0);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kPass);
  EXPECT_EQ(rounds.Now().window_start, *rounds.stage.since);
}

TEST(AgentsJudge, BeforeTheFirstUsersADifferenceBeginsTheCountAnew) {
  Rounds rounds;
  rounds.Tell(0, 0).Tell(90, 0).Tell(100, 2);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided) << "nobody can be taken back";
  EXPECT_EQ(rounds.Now().evidence, "before the first users, begun anew at 2026-11-22T19:10:02Z, when 2 of 10 were bad");
  EXPECT_EQ(rounds.evidence().total, Counts());
  rounds.Tell(199, 2);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided) << "what was good before does not count";
  rounds.Tell(200, 2);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kPass);
  EXPECT_EQ(rounds.Now().evidence, "");
}

TEST(AgentsJudge, OnceThereAreUsersADifferenceIsABreach) {
  Rounds rounds;
  rounds.Tell(0, 0).Tell(100, 0);
  rounds.stage = {std::nullopt, 10, true};  // the weight is on its way
  rounds.Tell(110, 1);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kBreach) << "the window that spans the change is against the target, too";
}

TEST(AgentsJudge, AStepNeedsComparisonsOfItsOwn) {
  Rounds rounds;
  rounds.Tell(0, 0).Tell(100, 0);
  rounds.stage = {rounds.now - base::Millis(500), 10, true};
  rounds.Tell(190, 0);
  EXPECT_EQ(rounds.evidence().stage_since, kStart - seconds(10)) << "this window began before the step was reached";
  rounds.Tell(250, 0);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(rounds.evidence().stage.target, (Counts{60, 0}));
  rounds.Tell(290, 0);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kPass);
  EXPECT_EQ(rounds.evidence().total, (Counts{290, 0}));
}

TEST(AgentsJudge, ATooHighRateBeginsAnewBeforeTheFirstUsersAndIsABreachAfterwards) {
  Rounds before(WithRate(0.01));
  before.Tell(0, 0).Tell(1000, 300);
  EXPECT_EQ(before.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(before.evidence().total, Counts());
  before.Tell(3000, 301);
  EXPECT_EQ(before.Now().verdict, Verdict::kPass) << "a target that was put right may begin";
  Rounds after(WithRate(0.01));
  after.stage = {kStart - seconds(10), 10, true};
  after.Tell(0, 0).Tell(1000, 300);
  EXPECT_EQ(after.Now().verdict, Verdict::kBreach);
}

TEST(AgentsJudge, AnotherLeaderGoesOnFromTheSameCounts) {
  Rounds rounds;
  rounds.Tell({{1, {10, 0}, 0}, {2, {20, 0}, 0}}).Tell({{1, {40, 0}, 0}, {2, {40, 0}, 0}});
  rounds.Restart();
  rounds.now += seconds(30);
  rounds.Tell({{1, {60, 0}, 0}, {3, {5, 0}, 0}});
  EXPECT_EQ(rounds.evidence().total, (Counts{75, 0})) << "what came meanwhile is in it once, and a pod that is new in whole";
  rounds.stage = {kStart, 10, true};
  rounds.Restart().Tell({{1, {60, 0}, 0}, {3, {6, 1}, 0}});
  EXPECT_EQ(rounds.Now().verdict, Verdict::kBreach);
}

TEST(AgentsJudge, RequestsOfWhichNoneCanBeComparedAreMissingEvidence) {
  Rounds rounds;
  rounds.Tell(0, 0).Tell(10, 0, 30).Tell(10, 0, 80);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
  rounds.Tell(10, 0, 90);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(rounds.Now().evidence, "none of the last 60 requests could be compared");
  rounds.Tell(11, 0, 95);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
}

TEST(AgentsJudge, NobodysRequestsAreNoVerdict) {
  Rounds rounds;
  rounds.Tell(10, 0);
  for (int i = 0; i < 1000; ++i) rounds.Tell(10, 0);
  EXPECT_EQ(rounds.Now().verdict, Verdict::kUndecided);
}

TEST(AgentsJudge, CountsThatFallSayNothingUntilTheyAreWellAgain) {
  Rounds rounds;
  rounds.Tell(100, 0).Tell(150, 0).Tell(120, 0);
  EXPECT_EQ(rounds.outcome().problem, Verdict::kError);
  EXPECT_EQ(rounds.Now().evidence, "an agent's counts fell");
  EXPECT_EQ(rounds.evidence().total, (Counts{50, 0}));
  rounds.Tell(160, 0);
  EXPECT_EQ(rounds.evidence().total, (Counts{60, 0})) << "nothing is lost or counted twice";
}

TEST(AgentsJudge, ARoundThatWasOvertakenIsPassedOver) {
  Rounds rounds;
  rounds.Tell(100, 0).Tell(150, 0);
  rounds.now = kStart;
  rounds.Tell(140, 0);
  EXPECT_EQ(rounds.outcome().problem, Verdict::kPass);
  rounds.now = kStart + seconds(5);
  rounds.Tell(170, 0);
  EXPECT_EQ(rounds.evidence().total, (Counts{70, 0}));
}

TEST(AgentsJudge, OtherRulesOfComparisonAreOtherEvidence) {
  model::Spec spec;
  const auto hash = [&] { return RuleFor(spec, WithRate(0.01), "source")->hash(); };
  const std::uint64_t before = hash();
  spec.compare_rules = "other";
  EXPECT_NE(hash(), before);
}

}  // namespace
}  // namespace softmig::analysis::testing
