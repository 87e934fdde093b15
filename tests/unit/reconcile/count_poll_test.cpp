#include "reconcile/count_poll.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/builders.hpp"
#include "providers/prometheus/prometheus_provider.hpp"

namespace softmig::reconcile {
namespace {

using model::Verdict;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::WallTime kNow{base::Millis(1'795'374'607'300)};
constexpr base::Millis kInterval{10'000};
const analysis::StageInfo kStage{std::nullopt, 10};

base::WallTime At(int second) { return base::WallTime(base::Millis(1'795'374'600'000)) + seconds(second); }

model::Spec SpecWith(const model::MetricSpec::Counts::Queries& target, model::MetricSpec::Counts::Rule rule, bool legacy = false) {
  model::Spec spec = fakes::MakeMigration().Metrics({"errors"}).Spec();
  spec.metrics[0].counts->target = target;
  spec.metrics[0].counts->rule = rule;
  if (legacy) spec.metrics[0].counts->legacy = target;
  return spec;
}

CountPlan Plan(const model::Spec& spec) {
  auto plan = PlanCounts(spec, spec.metrics[0], {"shop", "move", "all", "old", "new", ""}, 1);
  EXPECT_TRUE(plan) << plan.error().message;
  return std::move(*plan);
}

CountPlan SimplePlan() { return Plan(SpecWith({"bad", "total", ""}, model::MetricSpec::Counts::Rule::kMaxRate)); }

CountAnswer Answer(const std::vector<double>& values) {
  CountAnswer answer;
  for (const double value : values) answer.values.push_back({model::Reading::Kind::kNumber, value, {}, 1});
  return answer;
}

TEST(PlanCounts, AsksAboutEachSideByItsService) {
  const model::Spec spec = SpecWith({"e{s=\"{{service}}\"}", "r{s=\"{{service}}\",m=\"{{name}}\"}", ""},
                                    model::MetricSpec::Counts::Rule::kNotWorseThanLegacy, true);
  const CountPlan plan = Plan(spec);
  EXPECT_EQ(plan.queries, (std::vector<std::string>{"e{s=\"new\"}", "r{s=\"new\",m=\"move\"}", "e{s=\"old\"}", "r{s=\"old\",m=\"move\"}"}));
  EXPECT_TRUE(plan.has_legacy);
}

TEST(PlanCounts, RefusesRatesWithWhatToWriteInstead) {
  const model::Spec spec = SpecWith({"sum(rate(bad[5m]))", "sum(total)", ""}, model::MetricSpec::Counts::Rule::kMaxRate);
  const auto plan = PlanCounts(spec, spec.metrics[0], {"shop", "move", "all", "old", "new", ""}, 1);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("rate"), std::string::npos) << plan.error().message;
}

TEST(PlanCounts, AnotherAttemptIsAboutAnotherTarget) {
  const model::Spec spec = SpecWith({"bad", "total", ""}, model::MetricSpec::Counts::Rule::kMaxRate);
  const auto hash = [&](std::int64_t attempt) {
    return PlanCounts(spec, spec.metrics[0], {"shop", "move", "all", "old", "new", ""}, attempt)->rule->hash();
  };
  EXPECT_EQ(hash(1), hash(1));
  EXPECT_NE(hash(1), hash(2));
}

TEST(NextInstants, AreMultiplesOfTheIntervalEachOnce) {
  CountMemory memory;
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), (Instants{At(0), At(0), kInterval}));
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(8)), (Instants{At(-10), At(-10), kInterval}));
  memory.asked_until = At(0);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), std::nullopt);
  EXPECT_EQ(NextInstants(memory, kNow + kInterval, kInterval, seconds(0)), (Instants{At(10), At(10), kInterval}));
}

TEST(NextInstants, WhatWasMissedIsAskedForUpToALimit) {
  CountMemory memory;
  memory.asked_until = At(-60);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), (Instants{At(-50), At(0), kInterval}));
  memory.asked_until = At(0) - hours(2);
  const auto part = NextInstants(memory, kNow, kInterval, seconds(0));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->Count(), static_cast<std::size_t>(kMostInstants));
  EXPECT_LT(part->last, At(0));
  memory.asked_until = At(0) - hours(24 * 30);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0))->first, At(0) - kLongestReplay - kLookBack);
}

TEST(NextInstants, ARestartBeginsBeforeTheCheckpoint) {
  CountMemory memory;
  memory.state.evidence.last_window_end = At(-100);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), (Instants{At(-100) - kLookBack, At(0), kInterval}));
}

TEST(NextInstants, AClockThatWasSetBackIsWaitedForOnlyForThreeIntervals) {
  CountMemory memory;
  memory.asked_until = At(30);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), std::nullopt);
  memory.asked_until = At(0) + hours(1);
  EXPECT_EQ(NextInstants(memory, kNow, kInterval, seconds(0)), (Instants{At(0), At(0), kInterval}));
}

TEST(TakeAnswers, CountsEachWindowAndRemembersHowFarItAsked) {
  const Instants instants{At(0), At(20), kInterval};
  const auto result = TakeAnswers(SimplePlan(), {}, {instants, {Answer({0, 1, 1}), Answer({100, 200, 350})}}, kStage, kNow);
  EXPECT_EQ(result.memory.asked_until, At(20));
  ASSERT_TRUE(result.view);
  EXPECT_EQ(result.view->evidence.total, (analysis::Counts{250, 1}));
  EXPECT_EQ(result.view->evidence.last_window_end, At(20));
  EXPECT_EQ(result.judgement.verdict, Verdict::kUndecided);
}

TEST(TakeAnswers, AnErrorIsAskedAgain) {
  CountAnswer error;
  error.error = "HTTP 503";
  CountMemory memory;
  memory.asked_until = At(-10);
  const auto result = TakeAnswers(SimplePlan(), memory, {{At(0), At(0), kInterval}, {Answer({0}), error}}, {}, kNow);
  EXPECT_EQ(result.memory.asked_until, At(-10));
  EXPECT_EQ(result.view, nullptr);
  EXPECT_EQ(result.judgement.verdict, Verdict::kError);
  EXPECT_EQ(result.judgement.evidence, "http://prometheus:9090: HTTP 503");
}

TEST(TakeAnswers, AnAnswerThatIsTooShortIsNoEvidenceForTheRest) {
  const auto result = TakeAnswers(SimplePlan(), {}, {{At(0), At(20), kInterval}, {Answer({0, 0}), Answer({100, 200})}}, kStage, kNow);
  EXPECT_EQ(result.view->evidence.total.total, 100);
  EXPECT_EQ(result.judgement.verdict, Verdict::kError);
}

TEST(TakeAnswers, ALegacyThatCannotBeAskedDoesNotSilenceTheTarget) {
  CountAnswer error;
  error.error = "HTTP 503";
  using Rule = model::MetricSpec::Counts::Rule;
  const model::MetricSpec::Counts::Queries queries{"e{s=\"{{service}}\"}", "r{s=\"{{service}}\"}", ""};
  const Instants instants{At(0), At(10), kInterval};
  const std::vector<CountAnswer> answers{Answer({0, 90}), Answer({0, 100}), error, error};
  const auto absolute = TakeAnswers(Plan(SpecWith(queries, Rule::kMaxRate, true)), {}, {instants, answers}, kStage, kNow);
  ASSERT_TRUE(absolute.view);
  EXPECT_EQ(absolute.view->evidence.total, (analysis::Counts{100, 90}));
  const auto relative = TakeAnswers(Plan(SpecWith(queries, Rule::kNotWorseThanLegacy, true)), {}, {instants, answers}, kStage, kNow);
  EXPECT_EQ(relative.judgement.verdict, Verdict::kError);
  EXPECT_EQ(relative.memory.asked_until, std::nullopt);
}

TEST(TakeAnswers, AHistogramSaysHowManyWereTooSlow) {
  model::Spec spec = SpecWith({"", "", "h"}, model::MetricSpec::Counts::Rule::kMaxRate);
  spec.metrics[0].counts->bucket = 0.5;
  const CountPlan plan = Plan(spec);
  const providers::PrometheusProvider provider;
  const auto body = [](double slow, double all) {
    const auto series = [](const char* le, double value) {
      return fmt::format(R"({{"metric":{{"le":"{}"}},"value":[1,"{}"]}})", le, value);
    };
    return fmt::format(R"({{"status":"success","data":{{"resultType":"vector","result":[{},{},{}]}}}})", series("0.1", 0),
                       series("0.5", all - slow), series("+Inf", all));
  };
  CountMemory memory;
  for (int i = 0; i < 3; ++i) {
    const Instants instants{At(10 * i), At(10 * i), kInterval};
    const auto answer = ReadAnswer(provider, plan, 0, instants, {200, {}, body(i, 100 * i)});
    EXPECT_EQ(answer.error, "");
    memory = TakeAnswers(plan, std::move(memory), {instants, {answer}}, kStage, kNow).memory;
  }
  EXPECT_EQ(memory.state.evidence.total, (analysis::Counts{200, 2}));
}

}  // namespace
}  // namespace softmig::reconcile
