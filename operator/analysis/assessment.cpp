#include "analysis/assessment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/combine.hpp"
#include "analysis/log_sum.hpp"
#include "analysis/zero_gate.hpp"

namespace softmig::analysis {
namespace {

using Kind = EvidenceSettings::Kind;
using Unit = EvidenceSettings::Unit;
using model::Verdict;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The rate of a tolerance relative to legacy is bad only if it is worse than legacy's and above the floor; the smaller of two e-processes
/// is one for "either is fine".
double LogTolerance(const EvidenceRule& rule, const MetricEvidence& state) {
  if (rule.IsDeterministic()) return state.total.bad > 0 ? kInfinity : 0;
  const double log = LogEvidence(state.detector);
  return rule.settings().kind == Kind::kRelative && rule.absolute() ? std::min(log, LogEvidence(state.floor)) : log;
}

/// Legacy itself is beyond the tolerance, 10 to 1.
bool SharesFailure(const EvidenceRule& rule, const MetricEvidence& state) {
  return rule.settings().excuse_shared_failure && LogEvidence(state.legacy) >= kHoldFrom;
}

/// The shares of the stage against the tolerance, or against the ratio to legacy.
ShareLogs StageShares(const EvidenceRule& rule, const MetricEvidence& state) {
  const bool from_totals = rule.settings().kind == Kind::kAbsolute && rule.settings().unit == Unit::kRequests;
  return from_totals ? AbsoluteShares(*rule.shares(), state.stage.effective) : state.stage.shares;
}

double LogPromotionOf(const EvidenceRule& rule, const MetricEvidence& state) {
  const EvidenceSettings& settings = rule.settings();
  if (rule.IsDeterministic()) {
    if (state.stage.target.bad > 0) return -kInfinity;
    // The e-value against the rate that `comparisons` clean ones refute at level beta.
    return settings.comparisons > 0 ? rule.promotion_threshold() * (state.stage.target.total / settings.comparisons) : 0;
  }
  const double log = LogPromotion(StageShares(rule, state));
  if (settings.kind == Kind::kAbsolute || !rule.shares()) return log;
  // Where both sides have hardly an error the ratio cannot be told: the floor may speak instead.
  return LogAddExp(log, LogPromotion(*rule.shares(), state.stage.effective)) - std::log(2.0);
}

Verdict VerdictOf(const EvidenceRule& rule, const MetricEvidence& state, const Assessment& assessment) {
  if (assessment.log_rollback >= rule.rollback_threshold()) return Verdict::kBreach;
  if (state.stage.target.total <= 0) return Verdict::kNoData;
  const bool passes = assessment.log_promotion >= rule.promotion_threshold() && assessment.log_rollback < kHoldFrom;
  return passes ? Verdict::kPass : Verdict::kUndecided;
}

/// Of the rate as counted, with as many requests as the windows were worth: windows are discounted by what was known of the noise then, so
/// that the rate of their sum is another one, which people would not find again.
Interval IntervalOf(const EvidenceSettings& settings, const Counts& counted, const Counts& worth) {
  const double share = counted.total > 0 ? worth.total / counted.total : 1;
  const Counts effective{counted.total * share, counted.bad * share};
  Interval interval = ConfidenceSequence(effective, settings.alpha);
  // Where nothing was bad the two-sided sequence is several times wider than need be.
  if (effective.total > 0 && effective.bad == 0) interval.upper = ZeroGateUpper(effective.total, settings.beta);
  return interval;
}

/// A request of the target at the stage's rates; for legacy as many as come with it.
struct Typical {
  Counts target{1, 0};
  Counts legacy;
};

Typical TypicalRequest(const StageEvidence& stage) {
  Typical typical;
  typical.target.bad = stage.target.bad / stage.target.total;
  typical.legacy = {stage.legacy.total / stage.target.total, stage.legacy.bad / stage.target.total};
  return typical;
}

double RequestsToRollback(const EvidenceRule& rule, const MetricEvidence& state, const Typical& typical) {
  const WindowLimits limits{CurrentPhi(rule, state), kNoCap};
  const double threshold = rule.rollback_threshold();
  const bool relative = rule.settings().kind == Kind::kRelative;
  double requests = 0;
  if (rule.absolute()) {
    const RollbackDetector& detector = relative ? state.floor : state.detector;
    requests = RequestsUntil(detector, BinomialFactors(*rule.absolute(), typical.target, limits), threshold);
  }
  if (!relative && !SharesFailure(rule, state)) return requests;
  if (typical.legacy.total <= 0) return kInfinity;
  const GridLogs growth = RelativeFactors(rule.settings().ratio, typical.target, typical.legacy, limits);
  return std::max(requests, RequestsUntil(relative ? state.detector : state.relative, growth, threshold));
}

double RequestsToPass(const EvidenceRule& rule, const MetricEvidence& state, const Typical& typical) {
  const double phi = CurrentPhi(rule, state);
  const bool relative = rule.settings().kind == Kind::kRelative;
  const double threshold = rule.promotion_threshold() + (relative && rule.shares() ? std::log(2.0) : 0);
  double requests = kInfinity;
  if (rule.shares()) {
    const ShareLogs growth = AbsoluteShares(*rule.shares(), typical.target);
    requests = phi * RequestsUntil(AbsoluteShares(*rule.shares(), state.stage.effective), growth, threshold);
  }
  if (!relative || typical.legacy.total <= 0) return requests;
  const ShareLogs growth = RelativeShares(rule.settings().ratio, typical.target, typical.legacy);
  return std::min(requests, phi * RequestsUntil(state.stage.shares, growth, threshold));
}

std::optional<double> RequestsToDecision(const EvidenceRule& rule, const MetricEvidence& state, Verdict verdict) {
  if (verdict == Verdict::kBreach || verdict == Verdict::kPass) return 0;
  const Counts& stage = state.stage.target;
  if (rule.IsDeterministic()) {
    if (rule.settings().comparisons <= 0) return std::nullopt;
    return std::max(0.0, rule.settings().comparisons - stage.total);
  }
  // How many windows are missing says nothing about requests.
  if (stage.total <= 0 || rule.settings().unit == Unit::kWindows) return std::nullopt;
  const Typical typical = TypicalRequest(state.stage);
  const double requests = std::min(RequestsToRollback(rule, state, typical), RequestsToPass(rule, state, typical));
  return std::isfinite(requests) ? std::optional(std::ceil(requests)) : std::nullopt;
}

}  // namespace

Assessment Assess(const EvidenceRule& rule, const MetricEvidence& state) {
  if (state.spec_hash != rule.hash()) return {};
  Assessment assessment;
  assessment.log_rollback = LogTolerance(rule, state);
  if (SharesFailure(rule, state)) {
    // The smaller of two e-processes is one for "either tolerance is kept".
    assessment.shared_failure = true;
    assessment.log_rollback = std::min(assessment.log_rollback, LogEvidence(state.relative));
  }
  if (rule.hard()) {
    assessment.detectors = 2;
    assessment.log_rollback = LogAddExp(assessment.log_rollback, LogEvidence(state.hard)) - std::log(2.0);
  }
  assessment.log_promotion = LogPromotionOf(rule, state);
  assessment.verdict = VerdictOf(rule, state, assessment);
  return assessment;
}

Explanation Explain(const EvidenceRule& rule, const MetricEvidence& state) {
  Explanation out;
  out.assessment = Assess(rule, state);
  if (state.spec_hash != rule.hash()) return out;
  const StageEvidence& stage = state.stage;
  out.target = IntervalOf(rule.settings(), stage.target, stage.effective);
  if (stage.legacy.total > 0) out.legacy = IntervalOf(rule.settings(), stage.legacy, stage.effective_legacy);
  out.requests_to_decision = RequestsToDecision(rule, state, out.assessment.verdict);
  return out;
}

}  // namespace softmig::analysis
