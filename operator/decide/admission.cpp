// What legacy's own numbers say about the tolerances before the first users move.
#include "analysis/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/time_format.hpp"
#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

analysis::AdmissionCheck Check(const analysis::CountsView& view, int weight) {
  const analysis::MetricEvidence& evidence = view.evidence;
  return analysis::CheckAdmission(*view.rule, evidence.noise.pooled, analysis::CurrentPhi(*view.rule, evidence),
                                  analysis::LegacyPerTarget(weight));
}

/// How long a step of this weight needs until it can pass, if the target is as good as legacy; nothing where that cannot be told.
std::optional<base::Millis> NeededTime(const analysis::CountsView& view, int weight) {
  if (view.evidence.noise.pooled.total <= 0 || view.legacy_per_second <= 0) return std::nullopt;
  const auto needed = Check(view, weight).requests_needed;
  if (!needed) return std::nullopt;
  const double seconds = *needed / (view.legacy_per_second * weight / 100.0);
  constexpr double kMost = 1e9;
  return base::Millis(static_cast<std::int64_t>(std::ceil(std::min(seconds, kMost))) * 1000);
}

/// Windows of legacy that tell how much its bad requests scatter.
constexpr std::int64_t kBaselineWindows = 10;
/// Not for ever: legacy may have no users now.
constexpr int kMostIntervals = 15;

/// Legacy is looked at for a while once the routes name the target, before the first users move.
std::optional<Blocker> BaselineBlocker(Context& context, const model::ComponentStatus& component, const model::MetricSpec& metric,
                                       const analysis::CountsView& view) {
  if (!component.since || !metric.counts || !metric.counts->legacy || view.evidence.noise.pairs >= kBaselineWindows - 1)
    return std::nullopt;
  const base::WallTime until = *component.since + context.spec.interval * kMostIntervals;
  if (until <= context.now) return std::nullopt;
  context.WakeAt(until);
  return Blocker{std::string(reason::kMissingEvidence), fmt::format("metric {}: legacy to be counted for a while", metric.name), false};
}

}  // namespace

std::optional<Blocker> ToleranceBlocker(Context& context, const model::ComponentStatus& component) {
  for (const model::MetricSpec& metric : context.spec.metrics) {
    const analysis::CountsView* view = Judges(metric, component.name) ? CountsOf(context, component.name, metric.name) : nullptr;
    if (view == nullptr) continue;
    if (auto baseline = BaselineBlocker(context, component, metric, *view)) return baseline;
    if (view->evidence.noise.pooled.total <= 0 || !Check(*view, 1).legacy_violates) continue;
    return Blocker{
        std::string(reason::kLegacyViolates),
        fmt::format("metric {}: legacy itself is beyond what is tolerated; raise maxRate, or judge by notWorseThanLegacy", metric.name),
        true};
  }
  return std::nullopt;
}

void WarnOfSlowEvidence(Context& context, const model::ComponentStatus& component) {
  for (const model::MetricSpec& metric : context.spec.metrics) {
    const analysis::CountsView* view = Judges(metric, component.name) ? CountsOf(context, component.name, metric.name) : nullptr;
    if (view == nullptr) continue;
    for (const model::Step& step : context.spec.steps) {
      const auto needed = NeededTime(*view, step.weight.value());
      if (!needed || *needed <= std::max(step.hold, context.spec.interval * 10)) continue;
      context.Tell(
          true, reason::kEvidenceIsSlow,
          fmt::format("{}metric {}: at this traffic {} % give enough evidence after about {}, the hold is {}: the step will last longer",
                      InSentence(component), metric.name, step.weight.value(), base::FormatDuration(*needed),
                      base::FormatDuration(step.hold)));
      break;  // the first such step of a metric says it
    }
  }
}

}  // namespace softmig::decide
