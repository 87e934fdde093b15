// Evidence on counts as status keeps it: a later process goes on from there and asks again for what came in since.
#include <algorithm>

#include "decide/context_internal.hpp"
#include "model/checkpoint.hpp"

namespace softmig::decide {
namespace {

using model::EvidenceRecord;

constexpr base::Millis kBetweenCheckpoints = std::chrono::minutes(1);

/// Requests of both sides that the evidence rests on.
std::int64_t SamplesOf(const analysis::MetricEvidence& evidence) {
  return static_cast<std::int64_t>(evidence.total.total + evidence.noise.pooled.total);
}

/// The user has taken the component back to where nothing is judged; what is judged afterwards is another try.
bool BeginsAnew(const Context& context, const std::string& component) {
  const auto& components = context.next().components;
  const auto it = std::ranges::find(components, component, &model::ComponentStatus::name);
  const bool at_rest = it != components.end() && it->phase == model::Phase::kPending;
  return at_rest && context.spec.desired_phase == model::DesiredPhase::kPending;
}

/// Calls visit(component, metric) for each pair whose evidence is on counts.
template <typename Visit>
void ForEachPair(const model::Spec& spec, Visit visit) {
  for (const model::ComponentSpec& component : spec.components) {
    for (const model::MetricSpec& metric : spec.metrics) {
      if (model::UsesEvidence(metric) && Judges(metric, component.name)) visit(component.name, metric.name);
    }
  }
}

bool HasNews(const Context& context) {
  bool news = false;
  ForEachPair(context.spec, [&](const std::string& component, const std::string& metric) {
    const analysis::CountsView* view = CountsOf(context, component, metric);
    if (view == nullptr) return;
    const EvidenceRecord* recorded = model::FindRecord(context.status.checkpoint, component, metric);
    news = news || recorded == nullptr || recorded->samples != SamplesOf(view->evidence);
  });
  return news;
}

}  // namespace

void UpdateCheckpoint(Context& context) {
  const model::Checkpoint& before = context.status.checkpoint;
  const bool writes = context.next() != context.status;
  const bool due = context.now - before.at >= kBetweenCheckpoints || context.now < before.at;
  if (!writes && !(due && HasNews(context))) return;
  model::Checkpoint next{context.now, {}};
  bool counted = false;
  ForEachPair(context.spec, [&](const std::string& component, const std::string& metric) {
    if (BeginsAnew(context, component)) return;
    const EvidenceRecord* recorded = model::FindRecord(before, component, metric);
    if (const analysis::CountsView* view = CountsOf(context, component, metric)) {
      next.records.push_back({component, metric, SamplesOf(view->evidence), analysis::ToText(view->evidence)});
      counted = true;
    } else if (recorded != nullptr) {
      next.records.push_back(*recorded);
    }
  });
  if (counted || next.records.size() != before.records.size()) context.next().checkpoint = std::move(next);
}

}  // namespace softmig::decide
