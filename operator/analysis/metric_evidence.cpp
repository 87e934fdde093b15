#include "analysis/metric_evidence.hpp"

#include <utility>

namespace softmig::analysis {
namespace {

using Kind = EvidenceSettings::Kind;
using Unit = EvidenceSettings::Unit;

void CountDropped(MetricEvidence& state, BadInput kind) { ++state.dropped[static_cast<std::size_t>(kind)]; }

void Add(Counts& sum, const Counts& counts, double divisor) {
  sum.total += counts.total / divisor;
  sum.bad += counts.bad / divisor;
}

void Add(ShareLogs& sum, const ShareLogs& logs, double divisor) {
  for (std::size_t j = 0; j < kShareCount; ++j) sum[j] += logs[j] / divisor;
}

/// Evidence that the rule may go on with.
MetricEvidence ForRule(const EvidenceRule& rule, MetricEvidence state) {
  if (state.spec_hash == rule.hash()) return state;
  MetricEvidence fresh;
  fresh.spec_hash = rule.hash();
  // The past is not counted a second time under the new rule.
  fresh.last_window_end = state.last_window_end;
  fresh.dropped = state.dropped;
  return state.detector.stage > 0 ? StartStage(rule, std::move(fresh)) : fresh;
}

void AddRelative(const EvidenceRule& rule, MetricEvidence& state, const EvidenceWindow& window, const WindowLimits& limits) {
  const double ratio = rule.settings().ratio;
  const GridLogs factors = RelativeFactors(ratio, window.target, *window.legacy, limits);
  state.detector = AfterWindow(state.detector, Seconds(window), factors);
  Add(state.stage.shares, RelativeShares(ratio, window.target, *window.legacy), limits.phi);
}

/// The tolerance itself, or the floor of a tolerance relative to legacy.
void AddAbsolute(const EvidenceRule& rule, MetricEvidence& state, const EvidenceWindow& window, const WindowLimits& limits) {
  RollbackDetector& detector = rule.settings().kind == Kind::kRelative ? state.floor : state.detector;
  if (rule.settings().unit == Unit::kWindows) {
    detector = AfterWindow(detector, Seconds(window), BlockFactors(*rule.absolute(), window.target, limits));
    Add(state.stage.shares, BlockShares(*rule.shares(), window.target), 1);
    return;
  }
  detector = AfterWindow(detector, Seconds(window), BinomialFactors(*rule.absolute(), window.target, limits));
}

bool ExcusesSharedFailure(const EvidenceRule& rule) {
  return rule.settings().excuse_shared_failure && rule.settings().kind == Kind::kAbsolute && rule.absolute();
}

/// Whether legacy keeps the tolerance itself, and whether the target is worse than legacy.
void AddShared(const EvidenceRule& rule, MetricEvidence& state, const EvidenceWindow& window, const WindowLimits& limits) {
  const double seconds = Seconds(window);
  state.legacy = AfterWindow(state.legacy, seconds, BinomialFactors(*rule.absolute(), *window.legacy, limits));
  if (window.target.total <= 0) return;
  state.relative = AfterWindow(state.relative, seconds, RelativeFactors(rule.settings().ratio, window.target, *window.legacy, limits));
}

/// The target's half. REQUIRES: counts are well, total > 0.
void AddTarget(const EvidenceRule& rule, MetricEvidence& state, const EvidenceWindow& window) {
  const double seconds = Seconds(window);
  const double phi = CurrentPhi(rule, state);
  const WindowLimits limits{phi, rule.CapOf(seconds)};
  Add(state.total, window.target, 1);
  Add(state.stage.target, window.target, 1);
  Add(state.stage.effective, window.target, phi);
  if (rule.settings().kind == Kind::kRelative && window.legacy && window.legacy->total > 0) AddRelative(rule, state, window, limits);
  if (rule.absolute()) AddAbsolute(rule, state, window, limits);
  if (rule.hard()) state.hard = AfterWindow(state.hard, seconds, BinomialFactors(*rule.hard(), window.target, {phi, kNoCap}));
}

}  // namespace

double CurrentPhi(const EvidenceRule& rule, const MetricEvidence& state) {
  return rule.settings().phi ? *rule.settings().phi : Phi(state.noise);
}

MetricEvidence Advance(const EvidenceRule& rule, MetricEvidence state, const EvidenceWindow& window) {
  state = ForRule(rule, std::move(state));
  std::optional<BadInput> problem = CheckOrder(window, state.last_window_end);
  if (!problem) problem = CheckCounts(window.target);
  if (problem) {
    CountDropped(state, *problem);
    return state;
  }
  EvidenceWindow believed = window;
  if (believed.legacy) {
    if (const auto legacy_problem = CheckCounts(*believed.legacy)) {
      CountDropped(state, *legacy_problem);
      believed.legacy.reset();
    }
  }
  state.last_window_end = believed.end;
  if (ExcusesSharedFailure(rule) && believed.legacy && believed.legacy->total > 0) {
    AddShared(rule, state, believed, {CurrentPhi(rule, state), rule.CapOf(Seconds(believed))});
  }
  if (believed.target.total > 0) AddTarget(rule, state, believed);
  // After the window was judged: a window must not choose its own phi.
  if (believed.legacy) {
    const double phi = CurrentPhi(rule, state);
    Add(state.stage.legacy, *believed.legacy, 1);
    Add(state.stage.effective_legacy, *believed.legacy, phi);
    state.noise = AfterLegacyWindow(state.noise, *believed.legacy);
  }
  return state;
}

MetricEvidence StartStage(const EvidenceRule& rule, MetricEvidence state) {
  if (state.spec_hash != rule.hash()) {
    state = ForRule(rule, std::move(state));
    if (state.detector.stage > 0) return state;
  }
  state.detector = AfterStageStart(state.detector);
  if (rule.settings().kind == Kind::kRelative && rule.absolute()) state.floor = AfterStageStart(state.floor);
  if (rule.hard()) state.hard = AfterStageStart(state.hard);
  if (ExcusesSharedFailure(rule)) {
    // Legacy's too, although nothing begins there: it must not be found out later than the target.
    state.legacy = AfterStageStart(state.legacy);
    state.relative = AfterStageStart(state.relative);
  }
  state.stage = {};
  return state;
}

}  // namespace softmig::analysis
