#pragma once

#include <memory>
#include <optional>
#include <string>

#include "analysis/assessment.hpp"
#include "analysis/counter_window.hpp"
#include "analysis/evidence_rule.hpp"
#include "analysis/judge.hpp"
#include "analysis/metric_evidence.hpp"
#include "model/sample.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"

namespace softmig::analysis {

/// The rule that a metric's counts are judged by. `source` names what is counted: queries with their placeholders filled in, address,
/// attempt; evidence about another source begins anew. kInvalid where the settings make no sense, which a valid spec never has.
/// REQUIRES: UsesEvidence(metric).
base::Result<EvidenceRule> RuleFor(const model::Spec& spec, const model::MetricSpec& metric, std::string source);

/// Where a component is while its counts come in.
struct StageInfo {
  std::optional<base::WallTime> since;  ///< when the present step was reached; nothing: no step yet, or not reached
  int weight = 0;                       ///< the target's share in percent
  /// What is counted are comparisons, most of them of copies: at weight 0 they tell what the first users would get.
  bool of_copies = false;
  bool operator==(const StageInfo&) const = default;
};
/// Where the component is: a stage is a weight above 0 that is reached; of copies, one of 0 as well.
StageInfo StageOf(const model::ComponentStatus& component, bool of_copies = false);

/// Both counters of each side at one instant.
struct CountReadings {
  base::WallTime instant{};  ///< at which the queries were evaluated
  model::Reading bad, total;
  std::optional<model::Reading> legacy_bad, legacy_total;  ///< both or none
};

/// What is remembered of one metric of one component from instant to instant. Value type, bounded by kMostSeries.
/// Only `evidence` is kept in status; the rest is found again by asking about the last minutes before evidence.last_window_end.
struct CountsState {
  MetricEvidence evidence;
  CountersState target, legacy;
  double legacy_per_second = 0;                       ///< requests, in the last window
  int silent_windows = 0;                             ///< in a row, in which legacy's traffic says that the target should have had some
  std::optional<base::WallTime> target_gone_since{};  ///< see Judgement::target_gone_since
  double given_up = 0;                                ///< of a bridge: requests not compared since the last that was
  std::string begun_anew{};                           ///< see TakeWindow: when and why, for people; empty: not
};

/// What the last instant said. `problem` is kPass where the counts were well; then the evidence as a whole speaks.
struct CountsOutcome {
  CountsState state;
  model::Verdict problem = model::Verdict::kPass;
  std::string why;
};

/// The readings of one more instant, in order of time. Pure.
/// A window is what grew since the last instant whose counts were well, so nothing is lost or counted twice where an answer is missing.
/// A stage that began by the window's start is started first. In favour of it counts what grows after its counters were first seen to
/// move: that first growth may be older than the stage, since a source may show old numbers for a while (a scrape that is late, a cache).
/// Against the target it counts. Copies (of a bridge) are asked for themselves and count at once. At weight 0 only legacy is learned from.
/// Instants up to evidence.last_window_end only teach the counters what there was: they were evidence before. bad without any series where
/// it never had one is no zero: the query may be wrong. Where legacy cannot be counted the target's half still is.
CountsOutcome TakeInstant(const EvidenceRule& rule, CountsState state, const CountReadings& readings, const StageInfo& stage);

/// A window that is known already, as of a bridge: what TakeInstant does once it has one.
/// Before the first users (weight 0, of copies) nobody can be taken back: evidence that would do so begins anew instead. So a target that
/// is put right may still begin, and the first users come after a stretch in which nothing was found.
void TakeWindow(const EvidenceRule& rule, CountsState& state, const EvidenceWindow& window, const StageInfo& stage);

/// What the agents of a bridge say in one round, all of them. `asked_at`: before the first was asked, so that whatever is in the next
/// round and not in this one happened later.
struct AgentsReading {
  base::WallTime asked_at{};
  std::vector<AgentCount> agents;
};

/// One more round, in order of time: as TakeInstant. A first round is only where the counting starts. Pure.
CountsOutcome TakeAgents(const EvidenceRule& rule, CountsState state, const AgentsReading& reading, const StageInfo& stage);

/// At least so many requests in a window expected of the target, so many windows in a row without any: no traffic despite its weight.
inline constexpr double kExpectedRequests = 20;
inline constexpr int kSilentWindows = 3;

/// What is known of a metric's counts: immutable once made, shared between threads.
struct CountsView {
  std::shared_ptr<const EvidenceRule> rule;
  MetricEvidence evidence;
  Assessment assessment;
  double legacy_per_second = 0;  ///< requests, in the last window; 0: none, or legacy is not counted
};

/// The metric's own verdict, without the others of its component: kBreach is for Combine to say. `at`: when the answer arrived.
/// window_start is the beginning of the stage that the evidence is of. The sentence is left out: see Describe.
Judgement JudgeCounts(const CountsView& view, const CountsOutcome& outcome, base::WallTime at);

/// The sentence for people: odds, rates with their intervals on both sides, what is tolerated, how much more until a decision.
/// Some microseconds: for when it is written.
std::string Describe(const CountsView& view);

/// The parts of it that are words: "0.62", "more than 1e12" for the logarithm of odds; "tolerated 1 %".
std::string OddsText(double log);
std::string ToleranceText(const EvidenceRule& rule);
/// Requests of the target a second in the present stage; 0 where there were none.
double StageTraffic(const MetricEvidence& evidence);

/// Evidence as one compact JSON text for status, and back; a text that is no evidence of this rule gives none.
std::string ToText(const MetricEvidence& evidence);
std::optional<MetricEvidence> FromText(const std::string& text, const EvidenceRule& rule);

}  // namespace softmig::analysis
