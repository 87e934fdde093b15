#pragma once

#include <memory>

#include "base/clock.hpp"
#include "decide/decide.hpp"

namespace softmig::reconcile {

/// What the answers of one metric said, as MetricObservation tells it, with the steady times at which they came. Not thread-safe.
class SeenMetric {
 public:
  /// The latest answer, whatever it says.
  void Note(analysis::Judgement judgement, base::SteadyTime at);
  /// The latest that is a pass or a breach.
  void NoteDecisive(analysis::Judgement judgement, base::SteadyTime at);
  /// What was decisive is about other users than those to come.
  void ForgetDecisive() { seen_.decisive.reset(); }
  void NoteCounts(std::shared_ptr<const analysis::CountsView> counts) { seen_.counts = std::move(counts); }

  [[nodiscard]] const std::optional<analysis::Judgement>& latest() const { return seen_.latest; }

  /// As of now by both clocks. Where the wall clock was set back since an answer came, the answer would look younger than it is: then its
  /// time is told by the present clock.
  [[nodiscard]] decide::MetricObservation At(base::SteadyTime steady, base::WallTime now) const;

 private:
  decide::MetricObservation seen_;
  base::SteadyTime latest_at_{};
  base::SteadyTime decisive_at_{};
};

}  // namespace softmig::reconcile
