#include "analysis/counts_judge.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/evidence_json.hpp"
#include "analysis/numbers.hpp"
#include "analysis/reading.hpp"
#include "base/time_format.hpp"
#include "model/limits.hpp"

namespace softmig::analysis {
namespace {

using model::MetricSpec;
using model::Reading;
using model::Verdict;
using Rule = MetricSpec::Counts::Rule;

EvidenceSettings SettingsOf(const MetricSpec::Counts& counts) {
  EvidenceSettings settings;
  settings.tolerance = counts.max_rate;
  if (counts.rule == Rule::kNotWorseThanLegacy) settings.kind = EvidenceSettings::Kind::kRelative;
  if (counts.rule == Rule::kZeroDiscrepancies) settings.kind = EvidenceSettings::Kind::kZeroDiscrepancies;
  settings.ratio = counts.ratio;
  settings.floor = counts.floor;
  settings.comparisons = static_cast<double>(counts.comparisons);
  settings.hard_limit = counts.hard_limit;
  settings.burst_tolerance = counts.burst_tolerance;
  settings.excuse_shared_failure = counts.legacy.has_value();
  return settings;
}

/// No series at all, as a list: nothing grew.
Reading NoSeries() {
  Reading none;
  none.kind = Reading::Kind::kSeries;
  return none;
}

struct SideStep {
  CountersState state;
  std::optional<Window> window;
  Verdict problem = Verdict::kPass;
  std::string why;
};

SideStep Trouble(CountersState state, Verdict problem, std::string why) {
  return {std::move(state), std::nullopt, problem, std::move(why)};
}

SideStep Unreadable(const CountersState& state, const Reading& reading, const std::string& what) {
  NoReading none = ExplainReading(reading, what);
  return Trouble(state, none.verdict, std::move(none.why));
}

SideStep StepSide(const CountersState& before, base::WallTime instant, const Reading& bad, const Reading& total) {
  if (bad.kind == Reading::Kind::kError || !IsCountable(total)) {
    const bool blame_bad = bad.kind == Reading::Kind::kError;
    return Unreadable(before, blame_bad ? bad : total, blame_bad ? "bad" : "total");
  }
  const bool absent = bad.kind == Reading::Kind::kNoData;
  // Once there were bad ones to count, their absence is a missing answer: no request is lost, the next window is longer.
  if (!IsCountable(bad) && !(absent && before.bad.empty())) return Unreadable(before, bad, "bad");
  model::Sample sample;
  sample.asked_at = instant;
  sample.first = absent ? NoSeries() : bad;
  sample.second = total;
  CounterStep step = Count(before, sample);
  if (!step.refused.empty()) return Trouble(std::move(step.state), Verdict::kError, step.refused);
  // What is there is remembered, so that the first error counts; but that there was none is not known.
  if (absent) {
    return Trouble(std::move(step.state), Verdict::kNoData,
                   "bad gives no series: where it has none before the first error, write \"(...) or vector(0)\"");
  }
  return {std::move(step.state), step.window, Verdict::kPass, {}};
}

bool SameStretch(const Window& a, const Window& b) { return a.from == b.from && a.to == b.to; }

/// Legacy says how much the target should have had. Only windows without any are counted.
int SilentWindows(int before, const EvidenceWindow& window, int weight) {
  if (window.target.total > 0 || !window.legacy || weight <= 0 || weight >= 100) return 0;
  const double expected = window.legacy->total * weight / (100 - weight);
  return expected >= kExpectedRequests ? before + 1 : 0;
}

/// All series of the target that were there are gone, and legacy still has some at the same instant.
bool OnlyTargetGone(const CountersState& target_before, const CountReadings& readings) {
  return !target_before.total.empty() && readings.total.kind == Reading::Kind::kNoData && readings.legacy_total &&
         IsCountable(*readings.legacy_total);
}

/// Remembers since when. A failed question says nothing either way.
void NoteGone(CountsState& state, const CountReadings& readings) {
  if (OnlyTargetGone(state.target, readings)) {
    if (!state.target_gone_since) state.target_gone_since = readings.instant;
  } else if (readings.total.kind != Reading::Kind::kError) {
    state.target_gone_since.reset();
  }
}

/// Keeps what says where the counting is, and in which stage.
void BeginAnew(const EvidenceRule& rule, CountsState& state, const EvidenceWindow& window) {
  MetricEvidence fresh;
  fresh.spec_hash = rule.hash();
  fresh.last_window_end = state.evidence.last_window_end;
  fresh.stage_since = state.evidence.stage_since;
  fresh.dropped = state.evidence.dropped;
  fresh.agents = std::move(state.evidence.agents);
  state.begun_anew = fmt::format("before the first users, begun anew at {}, when {} of {} were bad", base::FormatRfc3339(window.end),
                                 Shortest(window.target.bad), Shortest(window.target.total));
  state.evidence = state.evidence.detector.stage > 0 ? StartStage(rule, std::move(fresh)) : std::move(fresh);
}

std::string Percent(double rate) { return PercentText(rate, 0); }

std::string IntervalText(const Interval& interval) { return fmt::format("{} to {} %", Percent(interval.lower), Percent(interval.upper)); }

double StageSeconds(const MetricEvidence& evidence) {
  if (!evidence.stage_since || !evidence.last_window_end) return 0;
  return std::chrono::duration<double>(*evidence.last_window_end - *evidence.stage_since).count();
}

std::string RemainingText(const CountsView& view, const Explanation& explanation) {
  if (view.assessment.verdict == Verdict::kBreach || view.assessment.verdict == Verdict::kPass) return {};
  if (!explanation.requests_to_decision) return "; too close to tell when there is a decision";
  std::string text = fmt::format("; about {} more requests until a decision", Shortest(*explanation.requests_to_decision));
  const double rate = StageTraffic(view.evidence);
  const double wait = rate > 0 ? *explanation.requests_to_decision / rate : 0;
  if (wait >= 1 && wait < 1e9)
    text += ", " + base::FormatDuration(base::Millis(static_cast<std::int64_t>(wait) * 1000)) + " at this traffic";
  return text;
}

std::string SideText(const Counts& counts, const Interval& interval) {
  return fmt::format("{} of {} bad ({} %, likely {})", Shortest(counts.bad), Shortest(counts.total), Percent(counts.bad / counts.total),
                     IntervalText(interval));
}

}  // namespace

base::Result<EvidenceRule> RuleFor(const model::Spec& spec, const MetricSpec& metric, std::string source) {
  EvidenceSettings settings = SettingsOf(*metric.counts);
  settings.alpha = spec.alpha;
  settings.beta = spec.beta;
  settings.source = std::move(source);
  // What was found to differ by other rules says nothing: not for the target, not against it.
  const bool compares = settings.kind == EvidenceSettings::Kind::kZeroDiscrepancies || model::IsOfBridge(metric);
  if (compares && !spec.compare_rules.empty()) settings.source += " rules=" + spec.compare_rules;
  return EvidenceRule::Make(std::move(settings));
}

StageInfo StageOf(const model::ComponentStatus& component, bool of_copies) {
  const bool reached = component.phase == model::Phase::kShift && (component.weight.value() > 0 || of_copies);
  return {reached ? component.since : std::nullopt, component.weight.value(), of_copies};
}

void TakeWindow(const EvidenceRule& rule, CountsState& state, const EvidenceWindow& window, const StageInfo& stage) {
  if (state.evidence.last_window_end && window.end <= *state.evidence.last_window_end) return;
  if (stage.since && window.start >= *stage.since && state.evidence.stage_since != stage.since) {
    state.evidence = StartStage(rule, std::move(state.evidence));
    state.evidence.stage_since = stage.since;
    state.evidence.stage_open = false;
  }
  if (window.legacy) state.legacy_per_second = window.legacy->total / Seconds(window);
  state.silent_windows = SilentWindows(state.silent_windows, window, stage.weight);
  const bool before_users = stage.weight <= 0;
  EvidenceWindow judged = window;
  if (before_users && !stage.of_copies) judged.target = {};  // users that are not ours to answer for: testers, or somebody's own trial
  const StageEvidence stage_before = state.evidence.stage;
  state.evidence = Advance(rule, std::move(state.evidence), judged);
  if (!stage.of_copies && !state.evidence.stage_open && state.evidence.stage.target.total > stage_before.target.total) {
    state.evidence.stage = stage_before;
    state.evidence.stage_open = true;
  }
  if (!before_users) state.begun_anew.clear();
  if (before_users && stage.of_copies && Assess(rule, state.evidence).verdict == Verdict::kBreach) BeginAnew(rule, state, window);
}

CountsOutcome TakeInstant(const EvidenceRule& rule, CountsState state, const CountReadings& readings, const StageInfo& stage) {
  NoteGone(state, readings);
  SideStep target = StepSide(state.target, readings.instant, readings.bad, readings.total);
  state.target = std::move(target.state);
  std::optional<Window> legacy_window;
  if (readings.legacy_bad && readings.legacy_total) {
    SideStep legacy = StepSide(state.legacy, readings.instant, *readings.legacy_bad, *readings.legacy_total);
    state.legacy = std::move(legacy.state);
    legacy_window = legacy.window;
    const bool needed = rule.settings().kind == EvidenceSettings::Kind::kRelative;
    if (needed && target.problem == Verdict::kPass && legacy.problem != Verdict::kPass) {
      target.problem = legacy.problem;
      target.why = "legacy: " + legacy.why;
    }
  }
  if (target.window) {
    EvidenceWindow window{target.window->from, target.window->to, {target.window->n, target.window->k}, std::nullopt};
    if (legacy_window && SameStretch(*legacy_window, *target.window)) window.legacy = Counts{legacy_window->n, legacy_window->k};
    TakeWindow(rule, state, window, stage);
  }
  return {std::move(state), target.problem, std::move(target.why)};
}

CountsOutcome TakeAgents(const EvidenceRule& rule, CountsState state, const AgentsReading& reading, const StageInfo& stage) {
  const bool begins = state.evidence.spec_hash != rule.hash() || !state.evidence.last_window_end;
  // Overtaken by a later round, or the clock was set back a little: the next window has it all.
  if (!begins && reading.asked_at <= *state.evidence.last_window_end) return {std::move(state), Verdict::kPass, {}};
  AgentsGrowth growth = Grow(begins ? std::vector<AgentCount>() : state.evidence.agents, reading.agents);
  if (!growth.refused.empty()) return {std::move(state), Verdict::kError, std::move(growth.refused)};
  if (begins) {
    if (state.evidence.spec_hash != rule.hash()) state.evidence = {};
    state.evidence.spec_hash = rule.hash();
    state.evidence.last_window_end = reading.asked_at;
    state.evidence.agents = std::move(growth.known);
    return {std::move(state), Verdict::kPass, {}};
  }
  state.given_up = growth.grown.total > 0 ? 0 : state.given_up + growth.given_up;
  const EvidenceWindow window{*state.evidence.last_window_end, reading.asked_at, growth.grown, std::nullopt};
  TakeWindow(rule, state, window, stage);
  state.evidence.agents = std::move(growth.known);
  return {std::move(state), Verdict::kPass, {}};
}

Judgement JudgeCounts(const CountsView& view, const CountsOutcome& outcome, base::WallTime at) {
  Judgement judgement;
  judgement.at = at;
  judgement.window_start = view.evidence.stage_since.value_or(base::WallTime{});
  if (outcome.problem != Verdict::kPass) {
    judgement.verdict = outcome.problem;
    judgement.evidence = outcome.why;
    if (outcome.problem == Verdict::kNoData) judgement.target_gone_since = outcome.state.target_gone_since;
    if (judgement.target_gone_since) judgement.evidence += ", while legacy still has its series";
    return judgement;
  }
  const Counts& stage = view.evidence.stage.target;
  judgement.verdict = view.assessment.verdict;
  if (judgement.verdict != Verdict::kPass) judgement.evidence = outcome.state.begun_anew;
  judgement.samples = static_cast<std::int64_t>(std::llround(stage.total));
  if (stage.total > 0) judgement.value = stage.bad / stage.total;
  // Nobody came: that is not the target's fault, unless legacy's traffic says that somebody should have. Whatever was counted before.
  if (outcome.state.silent_windows >= kSilentWindows && judgement.verdict != Verdict::kBreach) {
    judgement.verdict = Verdict::kNoData;
    judgement.evidence = "no request of the target in spite of its weight, while legacy has them";
  } else if (outcome.state.given_up >= kExpectedRequests * kSilentWindows && judgement.verdict != Verdict::kBreach) {
    judgement.verdict = Verdict::kNoData;
    judgement.evidence = fmt::format("none of the last {} requests could be compared", Shortest(outcome.state.given_up));
  } else if (judgement.verdict == Verdict::kNoData) {
    judgement.verdict = Verdict::kUndecided;
  }
  return judgement;
}

std::string ToleranceText(const EvidenceRule& rule) {
  const EvidenceSettings& settings = rule.settings();
  switch (settings.kind) {
    case EvidenceSettings::Kind::kAbsolute: return fmt::format("tolerated {} %", Shortest(settings.tolerance * 100));
    case EvidenceSettings::Kind::kRelative:
      return fmt::format("tolerated {} times legacy's, or {} %", Shortest(settings.ratio), Shortest(settings.floor * 100));
    case EvidenceSettings::Kind::kZeroDiscrepancies: return fmt::format("tolerated none in {}", Shortest(settings.comparisons));
  }
  return {};
}

/// "0.62", "38", "more than 1e12".
std::string OddsText(double log) {
  constexpr double kMost = 27.6;
  if (log > kMost) return "more than 1e12";
  if (log < -kMost) return "less than 1e-12";
  const double odds = std::exp(log);
  return odds < 10 ? fmt::format("{:.2g}", odds) : fmt::format("{:.0f}", odds);
}

double StageTraffic(const MetricEvidence& evidence) {
  const double seconds = StageSeconds(evidence);
  return seconds > 0 ? evidence.stage.target.total / seconds : 0;
}

std::string Describe(const CountsView& view) {
  const StageEvidence& stage = view.evidence.stage;
  if (stage.target.total <= 0) return "no request of the target in this step yet, " + ToleranceText(*view.rule);
  const Explanation explanation = Explain(*view.rule, view.evidence);
  std::string text = SideText(stage.target, explanation.target);
  if (explanation.legacy) text += ", legacy " + SideText(stage.legacy, *explanation.legacy);
  text += "; " + ToleranceText(*view.rule);
  if (view.assessment.shared_failure) {
    text += fmt::format(", which legacy does not keep itself: judged by {} times legacy's", Shortest(view.rule->settings().ratio));
  }
  text += fmt::format("; odds against the target {} to 1 (rollback at {}), for it {} to 1 (step at {})",
                      OddsText(view.assessment.log_rollback), OddsText(view.rule->rollback_threshold()),
                      OddsText(view.assessment.log_promotion), OddsText(view.rule->promotion_threshold()));
  return text + RemainingText(view, explanation);
}

std::string ToText(const MetricEvidence& evidence) { return ToJson(evidence).dump(); }

std::optional<MetricEvidence> FromText(const std::string& text, const EvidenceRule& rule) {
  if (text.size() > model::limits::kEvidenceStateBytes) return std::nullopt;
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) return std::nullopt;
  auto evidence = ParseMetricEvidence(document);
  if (!evidence || evidence->spec_hash != rule.hash()) return std::nullopt;
  return std::move(*evidence);
}

}  // namespace softmig::analysis
