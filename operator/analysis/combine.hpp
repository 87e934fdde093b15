#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analysis/assessment.hpp"

namespace softmig::analysis {

/// E >= 10 holds: the weight is frozen and nothing advances. E < 3 resumes. In nats, of the combined evidence.
inline constexpr double kHoldFrom = 2.302585092994046;      // ln 10
inline constexpr double kResumeBelow = 1.0986122886681098;  // ln 3

/// Whether to hold now, given whether we held before.
bool NextHold(bool holding, double log_rollback);

/// ln of the mean of e-values that are known by their logarithms: itself an e-value, and never below the bound that Bonferroni would give.
/// Does not depend on the order, not even in the last bit. 0 for none.
double LogMeanExp(std::vector<double> logs);

/// One metric's say. A detector of a hard limit counts as one more metric of the same name.
struct MetricVote {
  std::string_view name;
  Assessment assessment;
};

/// What all metrics of one component say together. `holding` and `breached` are remembered from one call to the next.
struct ComponentEvidence {
  bool holding = false;
  bool breached = false;     ///< stays: the evidence reached ln(1/alpha) once, and that is what the error rate alpha is about
  bool may_advance = false;  ///< every metric passes, nothing holds; never without a metric
  double log_rollback = 0;   ///< ln of the mean over all detectors
  std::string blame;         ///< the metric with the strongest evidence against the target; empty for no metrics
  bool operator==(const ComponentEvidence&) const = default;
};

/// alpha is spent once for the whole migration, beta in each metric. Pure; the order of votes does not matter. REQUIRES: 0 < alpha < 1,
/// names differ.
ComponentEvidence Combine(const ComponentEvidence& before, const std::vector<MetricVote>& votes, double alpha);

}  // namespace softmig::analysis
