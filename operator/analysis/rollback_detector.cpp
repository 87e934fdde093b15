#include "analysis/rollback_detector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/log_sum.hpp"
#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

constexpr double kHalfLifeSeconds = 86400;  // tau: half of the clock's weight is spent on the first day
constexpr double kClockShare = 0.5;
constexpr double kStageShare = 0.5;

/// Weight that no start time has had yet.
double Unspent(const RollbackDetector& detector) {
  return kClockShare * kHalfLifeSeconds / (detector.active_seconds + kHalfLifeSeconds) +
         kStageShare / (static_cast<double>(detector.stage) + 1);
}

}  // namespace

RollbackDetector AfterStageStart(RollbackDetector detector) {
  const auto stage = static_cast<double>(++detector.stage);
  const double log_weight = std::log(kStageShare / (stage * (stage + 1)));
  for (double& log_sum : detector.log_sums) log_sum = LogAddExp(log_sum, log_weight);
  return detector;
}

RollbackDetector AfterWindow(RollbackDetector detector, double seconds, const GridLogs& factors) {
  SM_ASSERT(seconds > 0);
  const double before = detector.active_seconds + kHalfLifeSeconds;
  const double log_weight = std::log(kClockShare * kHalfLifeSeconds * seconds / (before * (before + seconds)));
  detector.active_seconds += seconds;
  for (std::size_t j = 0; j < kGridSize; ++j) detector.log_sums[j] = factors[j] + LogAddExp(detector.log_sums[j], log_weight);
  return detector;
}

double LogEvidence(const RollbackDetector& detector) {
  std::array<double, kGridSize + 1> weights{}, logs{};
  std::ranges::copy(kOddsWeights, weights.begin());
  std::ranges::copy(detector.log_sums, logs.begin());
  weights[kGridSize] = Unspent(detector);
  logs[kGridSize] = 0;
  return LogWeightedSum(weights, logs);
}

double RequestsUntil(const RollbackDetector& detector, const GridLogs& growth, double threshold) {
  double fewest = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < kGridSize; ++j) {
    if (growth[j] <= 0) continue;
    const double missing = threshold - std::log(kOddsWeights[j]) - detector.log_sums[j];
    fewest = std::min(fewest, std::max(0.0, missing) / growth[j]);
  }
  return fewest;
}

}  // namespace softmig::analysis
