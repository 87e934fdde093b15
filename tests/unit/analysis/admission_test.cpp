#include "analysis/admission.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/analysis/evidence_fixture.hpp"

namespace softmig::analysis::testing {
namespace {

EvidenceSettings Relative(double floor) {
  EvidenceSettings settings;
  settings.kind = EvidenceSettings::Kind::kRelative;
  settings.floor = floor;
  return settings;
}

TEST(Divergence, IsZeroForEqualRatesAndInfiniteForTheImpossible) {
  EXPECT_EQ(Divergence(0.01, 0.01), 0);
  EXPECT_NEAR(Divergence(0, 0.01), -std::log(0.99), 1e-15);
  EXPECT_NEAR(Divergence(0.02, 0.01), 0.02 * std::log(2) + 0.98 * std::log(0.98 / 0.99), 1e-15);
  EXPECT_TRUE(std::isinf(Divergence(0.1, 0)));
  EXPECT_TRUE(std::isinf(Divergence(0.1, 1)));
  EXPECT_EQ(Divergence(1, 1), 0);
}

TEST(Admission, LegacyBeyondTheToleranceIsSeen) {
  const EvidenceRule rule = RuleOf({});
  EXPECT_TRUE(CheckAdmission(rule, {100'000, 2000}, 1, 1).legacy_violates);
  EXPECT_FALSE(CheckAdmission(rule, {100'000, 1000}, 1, 1).legacy_violates);
  EXPECT_FALSE(CheckAdmission(rule, {100, 2}, 1, 1).legacy_violates) << "too few to say so";
  EXPECT_FALSE(CheckAdmission(rule, {100'000, 2000}, 500, 1).legacy_violates) << "noise alone may give that";
}

TEST(Admission, TellsHowManyRequestsAStageNeeds) {
  const EvidenceRule rule = RuleOf({});
  const auto needed = CheckAdmission(rule, {100'000, 500}, 1, 1).requests_needed;
  ASSERT_TRUE(needed);
  EXPECT_EQ(*needed, std::ceil((std::log(100) + 1.2) / Divergence(0.005, 0.01)));
  EXPECT_GT(*CheckAdmission(rule, {100'000, 500}, 5, 1).requests_needed, 4.9 * *needed);
  EXPECT_FALSE(CheckAdmission(rule, {100'000, 980}, 1, 1).requests_needed) << "never";
}

/// Requests of a target exactly as good as legacy until it passes.
double Played(const EvidenceSettings& settings, double rate, double legacy_per_target) {
  Feeder feeder(settings);
  for (int i = 1; i < 1'000'000; ++i) {
    feeder.Poll(100, 100 * rate, Counts{100 * legacy_per_target, 100 * rate * legacy_per_target});
    if (feeder.Now().verdict == model::Verdict::kPass) return 100.0 * i;
  }
  return 0;
}

TEST(Admission, TheForecastRelativeToLegacyIsWhatItTakes) {
  for (const double rate : {0.005, 0.0002}) {
    const EvidenceSettings settings = Relative(1e-3);
    const auto needed = CheckAdmission(RuleOf(settings), {1e6, 1e6 * rate}, 1, 9).requests_needed;
    ASSERT_TRUE(needed);
    const double played = Played(settings, rate, 9);
    EXPECT_GT(*needed, played * 0.7) << rate;
    EXPECT_LT(*needed, played * 1.5) << rate;
  }
}

TEST(Admission, ZeroDiscrepanciesNeedTheComparisonsThatWereAskedFor) {
  EvidenceSettings settings;
  settings.kind = EvidenceSettings::Kind::kZeroDiscrepancies;
  settings.comparisons = 5000;
  EXPECT_EQ(CheckAdmission(RuleOf(settings), {}, 1, 1).requests_needed, 5000);
}

}  // namespace
}  // namespace softmig::analysis::testing
