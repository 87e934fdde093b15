#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/agent_counts.hpp"
#include "analysis/evidence_rule.hpp"
#include "analysis/evidence_window.hpp"
#include "analysis/overdispersion.hpp"
#include "analysis/rollback_detector.hpp"

namespace softmig::analysis {

/// What the current stage has shown.
struct StageEvidence {
  Counts target, legacy;               ///< as counted
  Counts effective, effective_legacy;  ///< each window divided by the phi it was judged with
  ShareLogs shares{};                  ///< kRelative and kWindows: log likelihood ratios, which totals alone do not give
  bool operator==(const StageEvidence&) const = default;
};

/// All that is known of one metric of one component: a value of bounded size, whatever the traffic and the time (status keeps it,
/// evidence_json writes it). The same windows in the same order give the same bytes, on any replica and after any restart.
struct MetricEvidence {
  std::uint64_t spec_hash = 0;                    ///< EvidenceRule::hash of the rule it was gathered under
  std::optional<base::WallTime> last_window_end;  ///< replay starts here
  std::optional<base::WallTime> stage_since;      ///< which stage this is, in the words of whoever started it
  bool stage_open = false;                        ///< its counters have moved since it began: TakeWindow
  RollbackDetector detector;                      ///< of the tolerance, or of the ratio to legacy
  RollbackDetector floor;                         ///< kRelative with a floor
  RollbackDetector hard;                          ///< with a hard limit
  RollbackDetector legacy;                        ///< excuse_shared_failure: of the tolerance, on legacy's counts
  RollbackDetector relative;                      ///< excuse_shared_failure: of the ratio to legacy
  Counts total;                                   ///< the target's, since evidence began
  StageEvidence stage;
  Overdispersion noise;  ///< of legacy
  DroppedWindows dropped{};
  std::vector<AgentCount> agents{};  ///< of a bridge, as of last_window_end: nobody can be asked later what they had counted then
  bool operator==(const MetricEvidence&) const = default;
};

/// One window. Pure, O(1), below a microsecond, never fails:
/// - evidence of another rule (spec_hash) is discarded first; a stage that was under way begins anew;
/// - a window that cannot be (window.hpp) changes nothing but its counter; so does the legacy half alone, the target's half then still
/// counts;
/// - no requests of the target: the clock of the detector stands still, nothing is evidence; legacy's windows still teach phi.
MetricEvidence Advance(const EvidenceRule& rule, MetricEvidence state, const EvidenceWindow& window);

/// A stage (a weight) begins: promotion evidence starts anew, rollback evidence goes on. A caller that wants zero discrepancies counted
/// over all stages does not call it for that metric.
MetricEvidence StartStage(const EvidenceRule& rule, MetricEvidence state);

/// The design effect that the next window is judged with.
double CurrentPhi(const EvidenceRule& rule, const MetricEvidence& state);

}  // namespace softmig::analysis
