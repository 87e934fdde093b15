// What a change of weight rests on, kept for whoever asks later: the newest in status, each in the log.
#include <algorithm>

#include "decide/context_internal.hpp"
#include "model/checkpoint.hpp"

namespace softmig::decide {
namespace {

using analysis::MetricEvidence;
using model::DecisionMetric;
using model::EvidenceFigures;
using model::MetricStatus;

/// Counters are doubles; beyond this they are no longer exact, and no longer fit.
std::int64_t Whole(double count) { return static_cast<std::int64_t>(std::clamp(count, 0.0, 9e15)); }

EvidenceFigures Figures(const analysis::EvidenceRule& rule, const MetricEvidence& evidence) {
  const analysis::Assessment assessment = analysis::Assess(rule, evidence);
  return {Whole(evidence.total.bad),
          Whole(evidence.total.total),
          Whole(evidence.noise.pooled.bad),
          Whole(evidence.noise.pooled.total),
          analysis::OddsText(assessment.log_rollback),
          analysis::OddsText(assessment.log_promotion)};
}

/// As the last checkpoint has it: evidence of another rule was dropped and is nothing that this decision began from.
std::optional<EvidenceFigures> FiguresBefore(const Context& context, const std::string& component, const std::string& metric,
                                             const analysis::EvidenceRule& rule) {
  const model::EvidenceRecord* recorded = model::FindRecord(context.status.checkpoint, component, metric);
  const auto evidence = recorded == nullptr ? std::nullopt : analysis::FromText(recorded->state, rule);
  return evidence ? std::optional(Figures(rule, *evidence)) : std::nullopt;
}

DecisionMetric PartOf(const Context& context, const std::string& component, const MetricStatus& metric) {
  DecisionMetric part{metric.name, metric.verdict, {}, metric.evidence, {}, {}};
  const auto spec = std::ranges::find(context.spec.metrics, metric.name, &model::MetricSpec::name);
  if (spec != context.spec.metrics.end()) part.asked = model::AskedText(*spec);
  if (const analysis::CountsView* counts = CountsOf(context, component, metric.name)) {
    part.before = FiguresBefore(context, component, metric.name, *counts->rule);
    part.after = Figures(*counts->rule, counts->evidence);
  }
  return part;
}

}  // namespace

void NoteDecision(Context& context, const model::ComponentStatus& component, std::string_view why, base::Percent to) {
  model::ComponentStatus judged = component;
  RefreshEvidence(context, judged);
  model::DecisionRecord record{context.now, component.name, std::string(why), component.weight, to, {}};
  for (const MetricStatus& metric : judged.metrics) record.metrics.push_back(PartOf(context, component.name, metric));
  context.next().last_decision = record;
  context.out.records.push_back(std::move(record));
}

}  // namespace softmig::decide
