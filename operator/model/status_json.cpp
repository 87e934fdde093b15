#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "model/codec.hpp"
#include "model/limits.hpp"
#include "model/safe_text.hpp"

/// Writing status. A status that the API server refuses would hold up a rollback, so nothing written here breaks the schema: lists end at
/// their maximum, texts are cut, and the texts together keep the whole below limits::kStatusBytes.
namespace softmig::model {
namespace {

using nlohmann::json;

/// What each kind of text may take in this status.
struct TextLimits {
  std::size_t evidence, waiting_for, message;
};

TextLimits FindLimits(const Status& status) {
  std::vector<BoundedText> texts;
  for (std::size_t i = 0; i < std::min(status.components.size(), limits::kComponents); ++i) {
    const ComponentStatus& component = status.components[i];
    texts.push_back({component.waiting_for, limits::kWaitingForBytes});
    for (std::size_t j = 0; j < std::min(component.metrics.size(), limits::kMetrics); ++j)
      texts.push_back({component.metrics[j].evidence, limits::kEvidenceBytes});
  }
  for (std::size_t i = 0; i < std::min(status.conditions.size(), limits::kConditions); ++i) {
    texts.push_back({status.conditions[i].message, limits::kMessageBytes});
  }
  const std::size_t fair = FairTextLimit(texts, limits::kTextPool);
  return {std::min(limits::kEvidenceBytes, fair), std::min(limits::kWaitingForBytes, fair), std::min(limits::kMessageBytes, fair)};
}

std::string NameText(const std::string& name) { return CutText(name, limits::kNameBytes); }

void PutText(json& out, const char* key, const std::string& text, std::size_t limit) {
  if (!text.empty()) out[key] = CutText(text, limit);
}

void PutTime(json& out, const char* key, const std::optional<WallTime>& time) {
  if (time) out[key] = base::FormatRfc3339(*time);
}

/// The beginning of time stands for "never" and is left out.
std::optional<WallTime> Seen(WallTime time) { return time == WallTime{} ? std::nullopt : std::optional(time); }

/// JSON has no word for infinities and NaN.
void PutNumber(json& out, const char* key, const std::optional<double>& value) {
  if (value && std::isfinite(*value)) out[key] = *value;
}

template <typename T, typename Write>
json ListJson(const std::vector<T>& list, std::size_t most, Write write) {
  json out = json::array();
  for (std::size_t i = 0; i < std::min(list.size(), most); ++i) out.push_back(write(list[i]));
  return out;
}

json MetricJson(const MetricStatus& metric, const TextLimits& texts) {
  json out{{"name", NameText(metric.name)}, {"verdict", Name(metric.verdict)}};
  PutNumber(out, "value", metric.value);
  if (metric.samples) out["samples"] = *metric.samples;
  PutTime(out, "at", Seen(metric.at));
  PutTime(out, "since", Seen(metric.since));
  PutText(out, "evidence", metric.evidence, texts.evidence);
  return out;
}

json ComponentJson(const ComponentStatus& component, const TextLimits& texts) {
  json out{
      {"name", NameText(component.name)}, {"phase", Name(component.phase)}, {"step", component.step}, {"weight", component.weight.value()}};
  PutTime(out, "since", component.since);
  PutText(out, "waitingFor", component.waiting_for, texts.waiting_for);
  if (!component.metrics.empty()) {
    out["metrics"] = ListJson(component.metrics, limits::kMetrics, [&](const MetricStatus& metric) { return MetricJson(metric, texts); });
  }
  if (component.entered) out["entered"] = true;
  if (component.holding) out["holding"] = true;
  return out;
}

json CheckpointJson(const Checkpoint& checkpoint) {
  json records = json::array();
  for (const EvidenceRecord& record : checkpoint.records) {
    if (records.size() == limits::kEvidenceRecords) break;
    if (record.state.size() > limits::kEvidenceStateBytes) continue;
    records.push_back({{"component", NameText(record.component)},
                       {"metric", NameText(record.metric)},
                       {"samples", record.samples},
                       {"state", ValidUtf8(record.state)}});
  }
  if (records.empty()) return {};
  return {{"at", base::FormatRfc3339(checkpoint.at)}, {"evidence", std::move(records)}};
}

/// `saved` is never cut: half of it would restore half a route. Routers refuse to save more than the schema takes.
json RouteJson(const SavedRoute& route) {
  return {{"name", NameText(route.name)}, {"uid", NameText(route.uid)}, {"saved", ValidUtf8(route.saved)}};
}

json DriftJson(const DriftRecord& drift) {
  return {{"route", NameText(drift.route)},
          {"reverted", drift.reverted},
          {"first", base::FormatRfc3339(drift.first)},
          {"last", base::FormatRfc3339(drift.last)}};
}

json RollbackJson(const RollbackRecord& record) {
  json out{{"at", base::FormatRfc3339(record.at)},
           {"component", NameText(record.component)},
           {"from", record.from.value()},
           {"reason", NameText(record.reason)}};
  PutText(out, "metric", record.metric, limits::kNameBytes);
  PutNumber(out, "value", record.value);
  PutText(out, "evidence", record.evidence, limits::kEvidenceBytes);
  PutTime(out, "breachSeenAt", record.breach_seen_at);
  PutTime(out, "routedAt", record.routed_at);
  PutTime(out, "verifiedAt", record.verified_at);
  return out;
}

json FiguresJson(const EvidenceFigures& figures) {
  json out{{"bad", figures.bad}, {"total", figures.total}};
  if (figures.legacy_total > 0) out.update({{"legacyBad", figures.legacy_bad}, {"legacyTotal", figures.legacy_total}});
  PutText(out, "oddsAgainst", figures.against, limits::kOddsBytes);
  PutText(out, "oddsFor", figures.in_favour, limits::kOddsBytes);
  return out;
}

json DecisionMetricJson(const DecisionMetric& metric, std::size_t fair) {
  json out{{"name", NameText(metric.name)}, {"verdict", Name(metric.verdict)}};
  PutText(out, "asked", metric.asked, std::min(limits::kAskedBytes, fair));
  PutText(out, "evidence", metric.evidence, std::min(limits::kEvidenceBytes, fair));
  if (metric.before) out["before"] = FiguresJson(*metric.before);
  if (metric.after) out["after"] = FiguresJson(*metric.after);
  return out;
}

json DecisionJson(const DecisionRecord& record) {
  std::vector<BoundedText> texts;
  for (std::size_t i = 0; i < std::min(record.metrics.size(), limits::kMetrics); ++i) {
    texts.push_back({record.metrics[i].asked, limits::kAskedBytes});
    texts.push_back({record.metrics[i].evidence, limits::kEvidenceBytes});
  }
  const std::size_t fair = FairTextLimit(texts, limits::kDecisionPool);
  json out{{"at", base::FormatRfc3339(record.at)},
           {"component", NameText(record.component)},
           {"reason", NameText(record.reason)},
           {"from", record.from.value()},
           {"to", record.to.value()}};
  out["metrics"] =
      ListJson(record.metrics, limits::kMetrics, [&](const DecisionMetric& metric) { return DecisionMetricJson(metric, fair); });
  return out;
}

const char* Name(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue: return "True";
    case ConditionStatus::kFalse: return "False";
    case ConditionStatus::kUnknown: return "Unknown";
  }
  return "Unknown";
}

json ConditionJson(const Condition& condition, const TextLimits& texts) {
  return {{"type", NameText(condition.type)},
          {"status", Name(condition.status)},
          {"observedGeneration", condition.observed_generation},
          {"lastTransitionTime", base::FormatRfc3339(condition.last_transition)},
          {"reason", NameText(condition.reason)},
          {"message", CutText(condition.message, texts.message)}};
}

}  // namespace

json ToJson(const Status& status) {
  const TextLimits texts = FindLimits(status);
  json out{{"observedGeneration", status.observed_generation},
           {"attempt", status.attempt},
           {"phase", Name(status.phase)},
           {"currentWeight", status.current_weight}};
  out["components"] =
      ListJson(status.components, limits::kComponents, [&](const ComponentStatus& component) { return ComponentJson(component, texts); });
  out["conditions"] =
      ListJson(status.conditions, limits::kConditions, [&](const Condition& condition) { return ConditionJson(condition, texts); });
  if (!status.routes.empty()) out["routes"] = ListJson(status.routes, limits::kRoutes, RouteJson);
  if (!status.drift.empty()) out["drift"] = ListJson(status.drift, limits::kRoutes, DriftJson);
  if (status.last_rollback) out["lastRollback"] = RollbackJson(*status.last_rollback);
  if (status.last_decision) out["lastDecision"] = DecisionJson(*status.last_decision);
  PutText(out, "evidenceHash", status.evidence_hash, limits::kNameBytes);
  if (json checkpoint = CheckpointJson(status.checkpoint); !checkpoint.is_null()) out["checkpoint"] = std::move(checkpoint);
  return out;
}

}  // namespace softmig::model
