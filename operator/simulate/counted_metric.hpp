#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "analysis/counts_judge.hpp"
#include "decide/observation.hpp"
#include "simulate/trace.hpp"

namespace softmig::simulate {

/// One metric of one component: what its source would tell, and what the operator makes of it, with the operator's own analysis.
class SimulatedMetric {
 public:
  /// kInvalid where it could not be judged at all. `spec` and `metric` must outlive it.
  static base::Result<SimulatedMetric> Make(const model::Spec& spec, const model::MetricSpec& metric);

  /// Users come for `seconds`, `weight` percent of them to the target.
  void Grow(const Moment& moment, int weight, double seconds);
  /// The poll of this moment. `component`: as it is recorded.
  void Poll(base::WallTime now, const Moment& moment, const model::ComponentStatus& component);
  /// What the operator knows; nothing where nothing was asked.
  [[nodiscard]] const std::optional<decide::MetricObservation>& seen() const { return seen_; }
  /// Nothing is wanted now: what was known is forgotten, as the operator does.
  void Forget();

  /// Since the beginning. Not whole: they are expected numbers.
  [[nodiscard]] const analysis::Counts& target() const { return target_; }
  /// Of the target's requests, those that would have been bad on legacy.
  [[nodiscard]] double expected_bad() const { return expected_bad_; }

 private:
  SimulatedMetric(const model::Spec& spec, const model::MetricSpec& metric) : spec_(&spec), metric_(&metric) {}
  void PollEvidence(base::WallTime now, const model::ComponentStatus& component);
  void PollPlain(base::WallTime now, const Moment& moment);

  /// Both counters of both sides as a source would tell them at one instant.
  struct Snapshot {
    base::WallTime at{};
    analysis::Counts target, legacy;
  };

  const model::Spec* spec_;
  const model::MetricSpec* metric_;
  std::shared_ptr<const analysis::EvidenceRule> rule_;  ///< null: not judged by evidence
  analysis::Counts target_, legacy_;
  analysis::Counts compared_;  ///< by a bridge: copies, too
  double expected_bad_ = 0;
  std::deque<Snapshot> unread_;  ///< instants that were not asked for yet
  analysis::CountsState counts_;
  analysis::MetricState plain_;
  std::optional<decide::MetricObservation> seen_;
};

}  // namespace softmig::simulate
