#include "reconcile/seen_metric.hpp"

namespace softmig::reconcile {
namespace {

constexpr base::Millis kClockNoise{1'000};  // by so much the wall clock may be slewed

void TellByPresentClock(std::optional<analysis::Judgement>& judgement, base::SteadyTime::duration age, base::WallTime now) {
  const base::WallTime at = now - std::chrono::duration_cast<base::Millis>(age);
  if (judgement && judgement->at > at + kClockNoise) judgement->at = at;
}

}  // namespace

void SeenMetric::Note(analysis::Judgement judgement, base::SteadyTime at) {
  seen_.TakeLatest(std::move(judgement));
  latest_at_ = at;
}

void SeenMetric::NoteDecisive(analysis::Judgement judgement, base::SteadyTime at) {
  seen_.decisive = std::move(judgement);
  decisive_at_ = at;
}

decide::MetricObservation SeenMetric::At(base::SteadyTime steady, base::WallTime now) const {
  decide::MetricObservation seen = seen_;
  TellByPresentClock(seen.latest, steady - latest_at_, now);
  TellByPresentClock(seen.decisive, steady - decisive_at_, now);
  return seen;
}

}  // namespace softmig::reconcile
