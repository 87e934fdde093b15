#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/combine.hpp"
#include "analysis/confidence_sequence.hpp"
#include "analysis/odds_grid.hpp"
#include "analysis/overdispersion.hpp"
#include "analysis/promotion_evidence.hpp"
#include "analysis/rollback_detector.hpp"
#include "analysis/zero_gate.hpp"

/// The formulas against golden_vectors.json, which was computed with 60 digits.
namespace softmig::analysis {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-9;

const json& Vectors() {
  static const json kVectors = [] {
    std::ifstream file(std::string(SOFTMIG_SOURCE_DIR) + "/tests/unit/analysis/golden_vectors.json");
    return json::parse(file);
  }();
  return kVectors;
}

/// A section of the file; fails where it is missing or empty, so that no test passes on nothing.
const json& Section(const char* name) {
  const json& section = Vectors().at(name);
  EXPECT_FALSE(section.empty()) << name;
  return section;
}

/// null is -inf for what a logarithm may be, no cap for a cap.
double Log(const json& value) { return value.is_null() ? -std::numeric_limits<double>::infinity() : value.get<double>(); }
double Cap(const json& value) { return value.is_null() ? kNoCap : value.get<double>(); }
Counts CountsOf(const json& v, const char* n = "n", const char* k = "k") { return {v.at(n).get<double>(), v.at(k).get<double>()}; }

void ExpectLog(double actual, double expected, const json& about) {
  if (std::isinf(expected)) {
    EXPECT_EQ(actual, expected) << about;
  } else {
    EXPECT_NEAR(actual, expected, kTolerance * std::max(1.0, std::abs(expected))) << about;
  }
}

void ExpectRelative(double actual, double expected, const json& about) {
  EXPECT_NEAR(actual, expected, kTolerance * std::abs(expected)) << about;
}

template <std::size_t N>
void ExpectLogs(const std::array<double, N>& actual, const json& expected, const json& about) {
  ASSERT_EQ(expected.size(), N);
  for (std::size_t j = 0; j < N; ++j) ExpectLog(actual[j], Log(expected[j]), about);
}

TEST(GoldenVectors, GridsAndWeights) {
  const json& meta = Section("meta");
  EXPECT_EQ(json(kOddsRatios), meta.at("R"));
  EXPECT_EQ(json(kOddsWeights), meta.at("PI"));
  EXPECT_EQ(json(kShares), meta.at("Q"));
  EXPECT_EQ(json(kShareWeights), meta.at("WQ"));
  for (const json& v : Section("grid")) {
    const OddsGrid grid = MakeOddsGrid(v.at("p0").get<double>());
    ExpectLogs(grid.log_bad, v.at("A"), v.at("p0"));
    ExpectLogs(grid.log_good, v.at("B"), v.at("p0"));
  }
}

TEST(GoldenVectors, BinomialFactors) {
  for (const json& v : Section("increment_binomial")) {
    const WindowLimits limits{v.at("phi").get<double>(), Cap(v.at("cap"))};
    ExpectLogs(BinomialFactors(MakeOddsGrid(v.at("p0").get<double>()), CountsOf(v), limits), v.at("l"), v);
  }
}

TEST(GoldenVectors, BlockFactors) {
  for (const json& v : Section("increment_block")) {
    ExpectLogs(BlockFactors(MakeOddsGrid(v.at("p0").get<double>()), CountsOf(v), {}), v.at("l"), v);
  }
}

TEST(GoldenVectors, RelativeFactors) {
  for (const json& v : Section("increment_relative")) {
    ExpectLogs(RelativeFactors(v.at("r0").get<double>(), CountsOf(v, "n1", "k1"), CountsOf(v, "n2", "k2"), {}), v.at("l"), v);
  }
}

void ReplayDetector(const json& sequence) {
  const OddsGrid grid = MakeOddsGrid(sequence.at("p0").get<double>());
  const WindowLimits limits{sequence.at("phi").get<double>(), Cap(sequence.at("cap"))};
  const bool block = sequence.at("mode") == "block";
  RollbackDetector detector;
  for (const json& step : sequence.at("steps")) {
    if (step.at("op") == "stageStart") {
      detector = AfterStageStart(detector);
    } else if (const Counts counts = CountsOf(step); counts.total > 0) {
      const GridLogs factors = block ? BlockFactors(grid, counts, limits) : BinomialFactors(grid, counts, limits);
      detector = AfterWindow(detector, step.at("dt").get<double>(), factors);
      EXPECT_EQ(LogEvidence(detector) >= std::log(100), step.at("rollback_alpha_0_01").get<bool>()) << step;
    }
    ExpectLog(LogEvidence(detector), step.at("logM").get<double>(), step);
  }
  ExpectLogs(detector.log_sums, sequence.at("final_logS"), sequence.at("name"));
  ExpectLog(detector.active_seconds, sequence.at("final_t").get<double>(), sequence.at("name"));
}

TEST(GoldenVectors, DetectorSequences) {
  for (const json& sequence : Section("detector_sequences")) ReplayDetector(sequence);
}

TEST(GoldenVectors, RelativeSequence) {
  const json& sequence = Section("relative_sequence");
  const WindowLimits limits{1, Cap(sequence.at("cap"))};
  RollbackDetector detector = AfterStageStart({});
  for (const json& step : sequence.at("steps")) {
    const GridLogs factors =
        RelativeFactors(sequence.at("r0").get<double>(), CountsOf(step, "n1", "k1"), CountsOf(step, "n2", "k2"), limits);
    detector = AfterWindow(detector, step.at("dt").get<double>(), factors);
    ExpectLog(LogEvidence(detector), step.at("logM").get<double>(), step);
  }
  ExpectLogs(detector.log_sums, sequence.at("final_logS"), "relative_sequence");
}

TEST(GoldenVectors, PromotionAgainstTolerance) {
  for (const json& v : Section("promote_absolute")) {
    const double log = LogPromotion(MakeShareGrid(v.at("p_tol").get<double>()), CountsOf(v));
    ExpectLog(log, v.at("logE").get<double>(), v);
    EXPECT_EQ(log >= std::log(100), v.at("promote_beta_0_01").get<bool>()) << v;
  }
}

TEST(GoldenVectors, PromotionRelativeToLegacy) {
  const json& sequence = Section("promote_relative_sequence");
  ShareLogs logs{};
  for (const json& step : sequence.at("steps")) {
    const ShareLogs more = RelativeShares(sequence.at("r_tol").get<double>(), CountsOf(step, "n1", "k1"), CountsOf(step, "n2", "k2"));
    std::ranges::transform(logs, more, logs.begin(), std::plus<>());
    ExpectLog(LogPromotion(logs), step.at("logE").get<double>(), step);
  }
  ExpectLogs(logs, sequence.at("final_logP"), "promote_relative_sequence");
}

TEST(GoldenVectors, UpperBound) {
  for (const json& v : Section("upper_bound_grid")) {
    ExpectRelative(UpperBoundGrid(CountsOf(v), v.at("beta").get<double>()), v.at("upper").get<double>(), v);
  }
}

TEST(GoldenVectors, ConfidenceSequence) {
  for (const json& v : Section("cs_beta_binomial")) {
    const Interval interval = ConfidenceSequence(CountsOf(v), v.at("alpha").get<double>());
    ExpectRelative(interval.lower, v.at("lower").get<double>(), v);
    ExpectRelative(interval.upper, v.at("upper").get<double>(), v);
  }
}

TEST(GoldenVectors, BetaBinomial) {
  for (const json& v : Section("beta_binomial_log_e")) {
    ExpectLog(BetaBinomialLogE(CountsOf(v), v.at("p").get<double>()), v.at("logE").get<double>(), v);
  }
}

TEST(GoldenVectors, LogBeta) {
  for (const json& v : Section("lbeta")) ExpectLog(LogBeta(v.at("a").get<double>(), v.at("b").get<double>()), v.at("v").get<double>(), v);
}

TEST(GoldenVectors, ZeroGate) {
  for (const json& v : Section("zero_gate")) {
    ExpectRelative(ZeroGateUpper(v.at("n").get<double>(), v.at("beta").get<double>()), v.at("upper").get<double>(), v);
  }
  for (const json& v : Section("zero_gate_required_n")) {
    EXPECT_EQ(ZeroGateRequired(v.at("p_tol").get<double>(), v.at("beta").get<double>()), v.at("n").get<double>()) << v;
  }
}

TEST(GoldenVectors, Phi) {
  for (const json& v : Section("phi_hat")) {
    Overdispersion seen;
    for (const json& window : v.at("series")) seen = AfterLegacyWindow(seen, {window[0].get<double>(), window[1].get<double>()});
    ExpectRelative(Phi(seen), v.at("phi").get<double>(), v);
  }
}

TEST(GoldenVectors, MeanOfMetrics) {
  for (const json& v : Section("combine_mean_e")) {
    const double mean = LogMeanExp(v.at("logM").get<std::vector<double>>());
    ExpectLog(mean, v.at("log_mean").get<double>(), v);
    EXPECT_EQ(mean >= std::log(100), v.at("rollback_alpha_0_01").get<bool>()) << v;
  }
}

}  // namespace
}  // namespace softmig::analysis
