#include "analysis/combine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace softmig::analysis {
namespace {

using model::Verdict;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MetricVote Vote(std::string_view name, double log_rollback, Verdict verdict = Verdict::kPass, int detectors = 1) {
  return {name, {verdict, log_rollback, 10, detectors}};
}

TEST(Combine, WithoutMetricsNothingAdvancesAndNothingIsBlamed) {
  const ComponentEvidence out = Combine({}, {}, 0.01);
  EXPECT_EQ(out, ComponentEvidence{});
}

TEST(Combine, AdvancesOnlyWhenEveryMetricPasses) {
  EXPECT_TRUE(Combine({}, {Vote("a", 0), Vote("b", 0)}, 0.01).may_advance);
  for (const Verdict verdict : {Verdict::kUndecided, Verdict::kNoData, Verdict::kStale, Verdict::kNaN, Verdict::kError, Verdict::kBreach}) {
    EXPECT_FALSE(Combine({}, {Vote("a", 0), Vote("b", 0, verdict)}, 0.01).may_advance);
  }
}

TEST(Combine, TheStrongestMetricMustCarryTheMean) {
  // Two silent metrics beside it: 100 becomes 34, 300 becomes 101.
  EXPECT_FALSE(Combine({}, {Vote("a", std::log(100)), Vote("b", 0), Vote("c", 0)}, 0.01).breached);
  const ComponentEvidence out = Combine({}, {Vote("b", 0), Vote("a", std::log(300)), Vote("c", 0)}, 0.01);
  EXPECT_TRUE(out.breached);
  EXPECT_EQ(out.blame, "a");
  EXPECT_NEAR(out.log_rollback, std::log(302.0 / 3), 1e-12);
}

TEST(Combine, AHardLimitWeighsAsOneMoreMetric) {
  const double both = Combine({}, {Vote("a", std::log(50), Verdict::kPass, 2), Vote("b", 0)}, 0.01).log_rollback;
  EXPECT_NEAR(both, std::log((50 * 2 + 1) / 3.0), 1e-12);
}

TEST(Combine, ABreachStays) {
  const ComponentEvidence breached = Combine({}, {Vote("a", 5)}, 0.01);
  ASSERT_TRUE(breached.breached);
  const ComponentEvidence later = Combine(breached, {Vote("a", -3)}, 0.01);
  EXPECT_TRUE(later.breached);
  EXPECT_FALSE(later.may_advance);
}

TEST(Combine, HoldsFromTenAndResumesBelowThree) {
  ComponentEvidence now;
  const std::pair<double, bool> steps[] = {{9.9, false}, {10.1, true}, {5, true}, {3.1, true}, {2.9, false}, {9, false}};
  for (const auto& [odds, holds] : steps) {
    now = Combine(now, {Vote("a", std::log(odds))}, 0.01);
    EXPECT_EQ(now.holding, holds) << odds;
    EXPECT_EQ(now.may_advance, !holds) << odds;
  }
}

TEST(Combine, InfiniteEvidenceBreachesBesideAnything) {
  const ComponentEvidence out = Combine({}, {Vote("a", -20), Vote("b", kInfinity), Vote("c", 1)}, 0.01);
  EXPECT_TRUE(out.breached);
  EXPECT_EQ(out.blame, "b");
}

TEST(Combine, EqualBlameGoesToTheFirstName) { EXPECT_EQ(Combine({}, {Vote("b", 1), Vote("a", 1)}, 0.01).blame, "a"); }

TEST(LogMeanExp, IsTheSameBytesInAnyOrder) {
  std::vector<double> logs{-0.3, 1.2, 6.1, 0.1 + 0.2, -40};
  std::ranges::sort(logs);
  const double first = LogMeanExp(logs);
  do {
    EXPECT_EQ(LogMeanExp(logs), first);
  } while (std::ranges::next_permutation(logs).found);
  EXPECT_EQ(LogMeanExp({}), 0);
}

}  // namespace
}  // namespace softmig::analysis
