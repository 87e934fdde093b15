#include "decide/observation.hpp"

namespace softmig::decide {

void MetricObservation::TakeLatest(analysis::Judgement judgement) {
  const bool breach = judgement.verdict == model::Verdict::kBreach;
  if (!breach) breach_since.reset();
  if (breach && !breach_since) breach_since = judgement.at;
  latest = std::move(judgement);
}

}  // namespace softmig::decide
