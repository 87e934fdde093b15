#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "model/codec.hpp"
#include "model/limits.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

const json* Find(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string Text(const json& object, const char* key) {
  const json* value = Find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool IsTrue(const json& object, const char* key) {
  const json* value = Find(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::optional<std::int64_t> Integer(const json& object, const char* key) {
  const json* value = Find(object, key);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return value->get<std::int64_t>();
}

std::int64_t IntegerWithin(const json& object, const char* key, std::array<std::int64_t, 2> range, std::int64_t fallback) {
  const auto value = Integer(object, key);
  return value && *value >= range[0] && *value <= range[1] ? *value : fallback;
}

base::Percent Weight(const json& object, const char* key) {
  return base::Percent::Make(Integer(object, key).value_or(0)).value_or(base::Percent());
}

std::optional<double> Number(const json& object, const char* key) {
  const json* value = Find(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<WallTime> Time(const json& object, const char* key) {
  const auto time = base::ParseRfc3339(Text(object, key));
  return time ? std::optional(*time) : std::nullopt;
}

/// The value of kinds whose name the field holds; the fallback where none does.
template <typename Enum, std::size_t kCount>
Enum Named(const json& object, const char* key, const std::array<Enum, kCount>& kinds, Enum fallback) {
  const std::string text = Text(object, key);
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](Enum kind) { return Name(kind) == text; });
  return found == kinds.end() ? fallback : *found;
}

Phase ParsePhase(const json& object) {
  static constexpr std::array kPhases{Phase::kPending,    Phase::kShift,  Phase::kComplete, Phase::kRollingBack,
                                      Phase::kRolledBack, Phase::kPaused, Phase::kInvalid};
  return Named(object, "phase", kPhases, Phase::kPending);
}

template <typename Read>
auto List(const json& object, const char* key, std::size_t most, Read read) {
  std::vector<decltype(read(object))> list;
  const json* value = Find(object, key);
  if (value == nullptr || !value->is_array()) return list;
  for (const json& entry : *value) {
    if (list.size() == most) break;
    if (entry.is_object()) list.push_back(read(entry));
  }
  return list;
}

Verdict ParseVerdict(const json& object) {
  static constexpr std::array kVerdicts{Verdict::kPass,  Verdict::kBreach, Verdict::kUndecided, Verdict::kNoData,
                                        Verdict::kStale, Verdict::kNaN,    Verdict::kError};
  return Named(object, "verdict", kVerdicts, Verdict::kNoData);
}

MetricStatus ParseMetric(const json& entry) {
  MetricStatus metric;
  metric.name = Text(entry, "name");
  metric.verdict = ParseVerdict(entry);
  metric.value = Number(entry, "value");
  metric.samples = Integer(entry, "samples");
  metric.at = Time(entry, "at").value_or(WallTime{});
  metric.since = Time(entry, "since").value_or(WallTime{});
  metric.evidence = Text(entry, "evidence");
  return metric;
}

ComponentStatus ParseComponent(const json& entry) {
  ComponentStatus component;
  component.name = Text(entry, "name");
  component.phase = ParsePhase(entry);
  component.step = static_cast<int>(IntegerWithin(entry, "step", {-1, static_cast<std::int64_t>(limits::kSteps) - 1}, -1));
  component.weight = Weight(entry, "weight");
  component.since = Time(entry, "since");
  component.waiting_for = Text(entry, "waitingFor");
  component.metrics = List(entry, "metrics", limits::kMetrics, ParseMetric);
  component.entered = IsTrue(entry, "entered");
  component.holding = IsTrue(entry, "holding");
  return component;
}

SavedRoute ParseRoute(const json& entry) { return {Text(entry, "name"), Text(entry, "uid"), Text(entry, "saved")}; }

DriftRecord ParseDrift(const json& entry) {
  DriftRecord drift;
  drift.route = Text(entry, "route");
  drift.reverted = static_cast<int>(IntegerWithin(entry, "reverted", {0, std::numeric_limits<int>::max()}, 0));
  drift.first = Time(entry, "first").value_or(WallTime{});
  drift.last = Time(entry, "last").value_or(WallTime{});
  return drift;
}

std::optional<RollbackRecord> ParseRollback(const json& status) {
  const json* entry = Find(status, "lastRollback");
  if (entry == nullptr || !entry->is_object()) return std::nullopt;
  RollbackRecord record;
  record.at = Time(*entry, "at").value_or(WallTime{});
  record.component = Text(*entry, "component");
  record.from = Weight(*entry, "from");
  record.reason = Text(*entry, "reason");
  record.metric = Text(*entry, "metric");
  record.value = Number(*entry, "value");
  record.evidence = Text(*entry, "evidence");
  record.breach_seen_at = Time(*entry, "breachSeenAt");
  record.routed_at = Time(*entry, "routedAt");
  record.verified_at = Time(*entry, "verifiedAt");
  return record;
}

std::optional<EvidenceFigures> ParseFigures(const json& metric, const char* key) {
  const json* entry = Find(metric, key);
  if (entry == nullptr || !entry->is_object()) return std::nullopt;
  const auto count = [&](const char* name) { return IntegerWithin(*entry, name, {0, INT64_MAX}, 0); };
  return EvidenceFigures{count("bad"),           count("total"), count("legacyBad"), count("legacyTotal"), Text(*entry, "oddsAgainst"),
                         Text(*entry, "oddsFor")};
}

DecisionMetric ParseDecisionMetric(const json& entry) {
  return {Text(entry, "name"),     ParseVerdict(entry),           Text(entry, "asked"),
          Text(entry, "evidence"), ParseFigures(entry, "before"), ParseFigures(entry, "after")};
}

std::optional<DecisionRecord> ParseDecision(const json& status) {
  const json* entry = Find(status, "lastDecision");
  if (entry == nullptr || !entry->is_object()) return std::nullopt;
  DecisionRecord record;
  record.at = Time(*entry, "at").value_or(WallTime{});
  record.component = Text(*entry, "component");
  record.reason = Text(*entry, "reason");
  record.from = Weight(*entry, "from");
  record.to = Weight(*entry, "to");
  record.metrics = List(*entry, "metrics", limits::kMetrics, ParseDecisionMetric);
  return record;
}

EvidenceRecord ParseRecord(const json& entry) {
  return {Text(entry, "component"), Text(entry, "metric"), IntegerWithin(entry, "samples", {0, INT64_MAX}, 0), Text(entry, "state")};
}

Checkpoint ParseCheckpoint(const json& status) {
  const json* entry = Find(status, "checkpoint");
  if (entry == nullptr) return {};
  Checkpoint checkpoint{Time(*entry, "at").value_or(WallTime{}), List(*entry, "evidence", limits::kEvidenceRecords, ParseRecord)};
  return checkpoint.records.empty() ? Checkpoint() : checkpoint;
}

Condition ParseCondition(const json& entry) {
  Condition condition;
  condition.type = Text(entry, "type");
  const std::string status = Text(entry, "status");
  if (status == "True") condition.status = ConditionStatus::kTrue;
  if (status == "False") condition.status = ConditionStatus::kFalse;
  condition.observed_generation = Integer(entry, "observedGeneration").value_or(0);
  condition.last_transition = Time(entry, "lastTransitionTime").value_or(WallTime{});
  condition.reason = Text(entry, "reason");
  condition.message = Text(entry, "message");
  return condition;
}

}  // namespace

Status ParseStatus(const json& json_status) {
  Status status;
  status.observed_generation = Integer(json_status, "observedGeneration").value_or(-1);
  status.attempt = IntegerWithin(json_status, "attempt", {0, limits::kAttempts}, 0);
  status.phase = ParsePhase(json_status);
  status.current_weight = static_cast<int>(IntegerWithin(json_status, "currentWeight", {0, 100}, 0));
  status.components = List(json_status, "components", limits::kComponents, ParseComponent);
  status.routes = List(json_status, "routes", limits::kRoutes, ParseRoute);
  status.drift = List(json_status, "drift", limits::kRoutes, ParseDrift);
  status.last_rollback = ParseRollback(json_status);
  status.last_decision = ParseDecision(json_status);
  status.conditions = List(json_status, "conditions", limits::kConditions, ParseCondition);
  status.evidence_hash = Text(json_status, "evidenceHash");
  status.checkpoint = ParseCheckpoint(json_status);
  return status;
}

}  // namespace softmig::model
