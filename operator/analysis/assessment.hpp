#pragma once

#include <optional>

#include "analysis/confidence_sequence.hpp"
#include "analysis/metric_evidence.hpp"
#include "model/status.hpp"

namespace softmig::analysis {

/// What the evidence of one metric says now, were it the only one. Combine (combine.hpp) decides over all metrics of a component.
struct Assessment {
  /// kBreach: log_rollback reached ln(1/alpha). kPass: log_promotion reached ln(1/beta) and E < 10. kNoData: no request in this stage.
  model::Verdict verdict = model::Verdict::kNoData;
  double log_rollback = 0;      ///< ln E; the mean with the hard limit's where there is one. +inf: a bad request where none is tolerated
  double log_promotion = 0;     ///< ln E- of the stage; -inf: this stage cannot pass any more
  int detectors = 1;            ///< how many e-processes log_rollback is the mean of
  bool shared_failure = false;  ///< legacy itself is beyond the tolerance: log_rollback is about the ratio to legacy as well
};

/// Pure; a fraction of a microsecond. Evidence of another rule is worth nothing: as of a new state.
Assessment Assess(const EvidenceRule& rule, const MetricEvidence& state);

/// What people read.
struct Explanation {
  Assessment assessment;
  /// Of the stage's rate: the confidence sequence at level alpha; without a bad request its upper end is ZeroGateUpper at level beta.
  Interval target;
  std::optional<Interval> legacy;  ///< the same of legacy, where it was counted
  std::optional<double>
      requests_to_decision;  ///< more requests of the target at the stage's rates; nullopt: too near the tolerance to tell
};

/// Assess and what is shown with it: some microseconds, for when status is written.
Explanation Explain(const EvidenceRule& rule, const MetricEvidence& state);

}  // namespace softmig::analysis
