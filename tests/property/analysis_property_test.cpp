#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/assessment.hpp"
#include "analysis/combine.hpp"
#include "analysis/evidence_json.hpp"
#include "analysis/metric_evidence.hpp"

/// What makes the evidence evidence, checked by adding up all outcomes rather than by drawing some; and what a restart must not change.
namespace softmig::analysis::testing {
namespace {

using Kind = EvidenceSettings::Kind;
using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Rounding of sums over a few thousand outcomes.
constexpr double kRounding = 1e-11;

double Between(double low, double high) { return low + (high - low) * *rc::gen::inRange(0, 1'000'000) / 1e6; }
int Int(int low, int high) { return *rc::gen::inRange(low, high + 1); }
bool Coin() { return *rc::gen::arbitrary<bool>(); }

EvidenceRule RuleOf(const EvidenceSettings& settings) {
  auto rule = EvidenceRule::Make(settings);
  RC_ASSERT(rule.has_value());
  return *rule;
}

/// Settings of any kind, tolerances from the tiny to the large.
EvidenceSettings AnySettings() {
  EvidenceSettings settings;
  settings.kind = *rc::gen::element(Kind::kAbsolute, Kind::kRelative, Kind::kZeroDiscrepancies);
  settings.tolerance = Coin() ? Between(0.01, 0.6) : std::exp(-Between(1, 15));
  settings.ratio = Between(0.5, 3);
  settings.floor = Coin() ? 0 : Between(0.01, 0.6);
  settings.comparisons = Int(0, 50);
  if (settings.kind == Kind::kAbsolute && Coin()) settings.unit = EvidenceSettings::Unit::kWindows;
  if (Coin()) settings.hard_limit = Between(0.61, 0.95);
  if (Coin()) settings.phi = Between(1, 8);
  if (Coin()) settings.burst_tolerance = base::Millis(Int(1, 600'000));
  if (Coin()) settings.cap = Between(0.05, 6);
  return settings;
}

double Choose(int n, int k) { return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)); }
double BinomialMass(int n, int k, double p) { return Choose(n, k) * std::pow(p, k) * std::pow(1 - p, n - k); }

/// An experiment whose windows and stages may depend on what was seen so far: an adversary who knows everything but the future.
struct Experiment {
  EvidenceRule rule;
  double target_rate = 0;
  double legacy_rate = 0;
  std::vector<int> sizes;  ///< of the target's windows, by what was seen
  int legacy_size = 0;     ///< 0: legacy is not asked
  bool stage_after_bad = false;
};

struct Expectations {
  double rollback = 0;   ///< of E
  double promotion = 0;  ///< of E-
};

base::WallTime After(const MetricEvidence& state) { return state.last_window_end.value_or(base::WallTime()); }

void AddOutcomes(const Experiment& experiment, const MetricEvidence& state, int depth, double mass, Expectations& sums) {
  if (depth == 0) {
    const Assessment assessment = Assess(experiment.rule, state);
    sums.rollback += mass * std::exp(assessment.log_rollback);
    sums.promotion += mass * std::exp(assessment.log_promotion);
    return;
  }
  const auto seen = static_cast<std::size_t>(state.total.bad) + static_cast<std::size_t>(depth);
  const int n = experiment.sizes[seen % experiment.sizes.size()];
  for (int k = 0; k <= n; ++k) {
    for (int k2 = 0; k2 <= experiment.legacy_size; ++k2) {
      EvidenceWindow window{After(state), After(state) + base::Millis(1000 + 7000 * n), {1.0 * n, 1.0 * k}, std::nullopt};
      double share = mass * BinomialMass(n, k, experiment.target_rate);
      if (experiment.legacy_size > 0) {
        window.legacy = Counts{1.0 * experiment.legacy_size, 1.0 * k2};
        share *= BinomialMass(experiment.legacy_size, k2, experiment.legacy_rate);
      }
      MetricEvidence next = Advance(experiment.rule, state, window);
      // Promotion evidence is of one stage, so a stage begins only where the rollback evidence is looked at.
      if (experiment.stage_after_bad && k > 0) next = StartStage(experiment.rule, std::move(next));
      AddOutcomes(experiment, next, depth - 1, share, sums);
    }
  }
}

Expectations Expect(const Experiment& experiment, int depth) {
  Expectations sums;
  AddOutcomes(experiment, StartStage(experiment.rule, {}), depth, 1, sums);
  return sums;
}

std::vector<int> Sizes(int most) {
  std::vector<int> sizes;
  for (int i = 0; i < 3; ++i) sizes.push_back(Int(0, most));
  return sizes;
}

/// With the true rate at or below the tolerance, E is worth at most 1 on average whatever the polling, the stages, phi and the cap.
RC_GTEST_PROP(EvidenceProperty, RollbackEvidenceIsWorthAtMostOneWithinTheTolerance, ()) {
  EvidenceSettings settings = AnySettings();
  settings.kind = Kind::kAbsolute;
  const Experiment experiment{RuleOf(settings), settings.tolerance * (Coin() ? 1 : Between(0, 1)), 0, Sizes(4), 0, Coin()};
  RC_ASSERT(Expect(experiment, Int(1, 4)).rollback <= 1 + kRounding);
}

/// Nothing is lost either: without phi, cap and hard limit it is worth exactly 1 at the tolerance.
RC_GTEST_PROP(EvidenceProperty, RollbackEvidenceIsWorthExactlyOneAtTheTolerance, ()) {
  EvidenceSettings settings;
  settings.tolerance = Between(0.01, 0.6);
  settings.burst_tolerance.reset();
  settings.phi = 1;
  if (Coin()) settings.unit = EvidenceSettings::Unit::kWindows;
  const Experiment experiment{RuleOf(settings), settings.tolerance, 0, Sizes(4), 0, Coin()};
  RC_ASSERT(std::abs(Expect(experiment, Int(1, 4)).rollback - 1) <= kRounding);
}

/// Relative to legacy the version is fine if it is at most `ratio` times as bad as legacy, or below the floor: the smaller of two is
/// evidence against "either".
RC_GTEST_PROP(EvidenceProperty, TheSmallerOfTwoIsEvidenceAgainstEither, ()) {
  EvidenceSettings settings = AnySettings();
  settings.kind = Kind::kRelative;
  settings.unit = EvidenceSettings::Unit::kRequests;
  const double legacy_rate = Between(0, 0.3);
  const bool by_floor = settings.floor > 0 && Coin();
  const double target_rate = by_floor ? settings.floor : std::min(1.0, settings.ratio * legacy_rate);
  const Experiment experiment{RuleOf(settings), target_rate, legacy_rate, Sizes(3), Int(1, 3), Coin()};
  RC_ASSERT(Expect(experiment, Int(1, 3)).rollback <= 1 + kRounding);
}

/// The mean over metrics of one and the same traffic stays evidence.
RC_GTEST_PROP(EvidenceProperty, TheMeanOverMetricsIsWorthAtMostOne, ()) {
  std::vector<EvidenceRule> rules;
  const double rate = Between(0.01, 0.3);
  for (int i = Int(1, 4); i > 0; --i) {
    EvidenceSettings settings = AnySettings();
    settings.kind = Kind::kAbsolute;
    settings.tolerance = Between(rate, 0.6);
    rules.push_back(RuleOf(settings));
  }
  double mean = 0;
  const int n = Int(1, 8);
  for (int k = 0; k <= n; ++k) {
    std::vector<double> logs;
    for (const EvidenceRule& rule : rules) {
      const EvidenceWindow window{base::WallTime(), base::WallTime(base::Millis(10'000)), {1.0 * n, 1.0 * k}, std::nullopt};
      logs.push_back(Assess(rule, Advance(rule, StartStage(rule, {}), window)).log_rollback);
    }
    mean += BinomialMass(n, k, rate) * std::exp(LogMeanExp(logs));
  }
  RC_ASSERT(mean <= 1 + kRounding);
}

/// A version that is as bad as the tolerance, or worse, has promotion evidence worth at most 1.
RC_GTEST_PROP(EvidenceProperty, PromotionEvidenceIsWorthAtMostOneBeyondTheTolerance, ()) {
  EvidenceSettings settings = AnySettings();
  settings.kind = Kind::kAbsolute;
  const double rate = Coin() ? settings.tolerance : Between(settings.tolerance, 1);
  RC_ASSERT(Expect({RuleOf(settings), rate, 0, Sizes(4), 0, false}, Int(1, 4)).promotion <= 1 + kRounding);
}

/// The same relative to legacy: beyond the ratio and beyond the floor. The conditional test assumes that requests of the two sides come in
/// random order; what is added up here are its terms, given how many are bad in all.
RC_GTEST_PROP(EvidenceProperty, SharesRelativeToLegacyAreWorthOneGivenTheBadOnes, ()) {
  const Counts target{Between(1, 1000), 0}, legacy{Between(1, 1000), 0};
  const double ratio = Between(0.5, 3);
  const double share = ratio * target.total / legacy.total;
  const int bad = Int(0, 12);
  ShareLogs sums{};
  GridLogs grid_sums{};
  for (int k = 0; k <= bad; ++k) {
    const double mass = BinomialMass(bad, k, share / (1 + share));
    const Counts target_bad{target.total, 1.0 * k}, legacy_bad{legacy.total, 1.0 * (bad - k)};
    const ShareLogs logs = RelativeShares(ratio, target_bad, legacy_bad);
    const GridLogs grid = RelativeFactors(ratio, target_bad, legacy_bad, {});
    for (std::size_t j = 0; j < kShareCount; ++j) sums[j] += mass * std::exp(logs[j]);
    for (std::size_t j = 0; j < kGridSize; ++j) grid_sums[j] += mass * std::exp(grid[j]);
  }
  for (const double sum : sums) RC_ASSERT(std::abs(sum - 1) <= 1e-9);
  for (const double sum : grid_sums) RC_ASSERT(std::abs(sum - 1) <= 1e-9);
}

/// What may happen: windows of all sorts, most of them well.
struct Happening {
  bool stage = false;
  EvidenceWindow window;
};

double AnyCount() { return Int(0, 9) == 0 ? *rc::gen::element(-1.0, kNaN, 1e300, 0.0) : 1.0 * Int(0, 5000); }

Counts AnyCounts() {
  const double total = AnyCount();
  return {total, Int(0, 9) == 0 ? AnyCount() : std::floor(total * Between(0, 0.05))};
}

std::vector<Happening> AnyHistory() {
  std::vector<Happening> history;
  std::int64_t at = 1'700'000'000'000;
  for (int i = Int(1, 25); i > 0; --i) {
    Happening happening;
    happening.stage = Int(0, 7) == 0;
    const std::int64_t start = at + (Int(0, 9) == 0 ? Int(-30'000, 30'000) : 0);
    const std::int64_t end = start + (Int(0, 9) == 0 ? Int(-5'000, 0) : Int(1, 60'000));
    happening.window = {base::WallTime(base::Millis(start)), base::WallTime(base::Millis(end)), AnyCounts(), std::nullopt};
    if (Coin()) happening.window.legacy = AnyCounts();
    at = std::max(at, end);
    history.push_back(happening);
  }
  return history;
}

MetricEvidence Live(const EvidenceRule& rule, MetricEvidence state, const Happening& happening) {
  return happening.stage ? StartStage(rule, std::move(state)) : Advance(rule, std::move(state), happening.window);
}

MetricEvidence Restarted(const MetricEvidence& state) {
  const auto back = ParseMetricEvidence(json::parse(ToJson(state).dump()));
  RC_ASSERT(back.has_value());
  return *back;
}

std::string Bytes(const EvidenceRule& rule, const MetricEvidence& state) {
  const Assessment assessment = Assess(rule, state);
  return ToJson(state).dump() + ExactText(assessment.log_rollback) + " " + ExactText(assessment.log_promotion);
}

/// A restart at any moment, any number of times, and a replay from any checkpoint give the same bytes and the same verdict.
RC_GTEST_PROP(EvidenceProperty, RestartAndReplayGiveTheSameBytes, ()) {
  const EvidenceRule rule = RuleOf(AnySettings());
  const std::vector<Happening> history = AnyHistory();
  MetricEvidence steady, restarted;
  for (const Happening& happening : history) {
    steady = Live(rule, std::move(steady), happening);
    restarted = Live(rule, Coin() ? Restarted(restarted) : std::move(restarted), happening);
    RC_ASSERT(steady == restarted);
    RC_ASSERT(Bytes(rule, steady) == Bytes(rule, restarted));
  }
  const auto checkpoint = static_cast<std::size_t>(Int(0, static_cast<int>(history.size())));
  MetricEvidence replayed;
  for (std::size_t i = 0; i < checkpoint; ++i) replayed = Live(rule, std::move(replayed), history[i]);
  replayed = Restarted(replayed);
  for (std::size_t i = checkpoint; i < history.size(); ++i) replayed = Live(rule, std::move(replayed), history[i]);
  RC_ASSERT(Bytes(rule, replayed) == Bytes(rule, steady));
}

/// A replay that begins too early changes nothing but the counters of what was dropped.
RC_GTEST_PROP(EvidenceProperty, WindowsReplayedTwiceAreNoEvidence, ()) {
  const EvidenceRule rule = RuleOf(AnySettings());
  MetricEvidence state;
  std::vector<Happening> history = AnyHistory();
  std::erase_if(history, [](const Happening& happening) { return happening.stage; });
  for (const Happening& happening : history) state = Live(rule, std::move(state), happening);
  MetricEvidence again = state;
  for (const Happening& happening : history) again = Live(rule, std::move(again), happening);
  again.dropped = state.dropped;
  RC_ASSERT(again == state);
}

/// Without requests nothing changes but how far was read; what cannot be changes its counter only.
RC_GTEST_PROP(EvidenceProperty, NothingAndTheImpossibleAreNoEvidence, ()) {
  const EvidenceRule rule = RuleOf(AnySettings());
  // An empty window has no duration: it is dropped, but the state is this rule's from here on.
  MetricEvidence state = Advance(rule, {}, {});
  for (const Happening& happening : AnyHistory()) {
    const MetricEvidence before = state;
    state = Live(rule, std::move(state), happening);
    if (happening.stage) continue;
    const bool dropped = CheckOrder(happening.window, before.last_window_end) || CheckCounts(happening.window.target);
    const bool empty = happening.window.target.total == 0 && !happening.window.legacy;
    if (!dropped && !empty) continue;
    MetricEvidence same = state;
    same.dropped = before.dropped;
    RC_ASSERT(dropped == (state.dropped != before.dropped));
    if (!dropped) same.last_window_end = before.last_window_end;
    RC_ASSERT(same == before);
  }
}

/// Evidence is a number at any time, whatever came in.
RC_GTEST_PROP(EvidenceProperty, EvidenceIsNeverNotANumber, ()) {
  const EvidenceRule rule = RuleOf(AnySettings());
  MetricEvidence state;
  for (const Happening& happening : AnyHistory()) {
    state = Live(rule, std::move(state), happening);
    const Explanation said = Explain(rule, state);
    RC_ASSERT(!std::isnan(said.assessment.log_rollback));
    RC_ASSERT(!std::isnan(said.assessment.log_promotion));
    RC_ASSERT(said.target.lower >= 0 && said.target.lower <= said.target.upper && said.target.upper <= 1);
    if (said.requests_to_decision) RC_ASSERT(*said.requests_to_decision >= 0);
  }
}

/// The order of metrics changes nothing, not even the last bit.
RC_GTEST_PROP(EvidenceProperty, TheOrderOfMetricsDoesNotMatter, ()) {
  const std::vector<std::string> names{"errors", "latency", "mismatches", "saturation", "timeouts"};
  std::vector<MetricVote> votes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Int(1, 5)); ++i) {
    const double log = Int(0, 9) == 0 ? std::numeric_limits<double>::infinity() : Between(-50, 10);
    votes.push_back({names[i], {*rc::gen::element(model::Verdict::kPass, model::Verdict::kUndecided), log, 0, Int(1, 2)}});
  }
  const ComponentEvidence before{Coin(), Coin(), false, 0, ""};
  const ComponentEvidence expected = Combine(before, votes, 0.01);
  for (int i = 0; i < 5; ++i) {
    std::swap(votes[static_cast<std::size_t>(Int(0, static_cast<int>(votes.size()) - 1))], votes.front());
    RC_ASSERT(Combine(before, votes, 0.01) == expected);
  }
}

}  // namespace
}  // namespace softmig::analysis::testing
