#include "sim/core/records.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::simulator {
namespace {

using nlohmann::json;

const json& At(const json& object, const char* key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string Text(const json& object, const char* key, const char* fallback = "") {
  const json& value = At(object, key);
  return value.is_string() ? value.get<std::string>() : fallback;
}

long long Number(const json& object, const char* key, long long fallback) {
  const json& value = At(object, key);
  return value.is_number_integer() ? value.get<long long>() : fallback;
}

void ReadStatus(const json& status, MigrationRecord& record) {
  record.observed = Number(status, "observedGeneration", -1);
  record.attempt = Number(status, "attempt", 0);
  record.phase = Text(status, "phase", "Pending");
  record.current_weight = static_cast<int>(Number(status, "currentWeight", 0));
  record.adopted = !At(status, "routes").empty();
  record.drift = !At(status, "drift").empty();
  for (const json& drift : At(status, "drift")) record.conflict = record.conflict || Number(drift, "reverted", 0) >= 2;
  for (const json& component : At(status, "components")) {
    record.components[Text(component, "name")] = {Text(component, "phase"), static_cast<int>(Number(component, "weight", 0)),
                                                  static_cast<int>(Number(component, "step", -1)), Text(component, "since"),
                                                  Text(component, "waitingFor")};
  }
  const json& rollback = At(status, "lastRollback");
  record.rollback_component = Text(rollback, "component");
  record.rollback_reason = Text(rollback, "reason");
  record.rollback_verified = rollback.contains("verifiedAt");
  record.rollback_routed = rollback.contains("routedAt");
  for (const json& condition : At(status, "conditions")) {
    if (Text(condition, "type") == "Ready") record.ready_reason = Text(condition, "reason");
  }
}

}  // namespace

MigrationRecord ReadMigration(const json& object) {
  MigrationRecord record;
  record.present = true;
  const json& meta = At(object, "metadata");
  record.generation = Number(meta, "generation", 0);
  record.deleting = meta.contains("deletionTimestamp");
  const json& finalizers = At(meta, "finalizers");
  record.finalizer = finalizers.is_array() && std::ranges::find(finalizers, json("softmigration.io/routes")) != finalizers.end();
  const json& spec = At(object, "spec");
  record.desired = Text(spec, "desiredPhase", "Complete");
  record.paused = At(spec, "paused") == true;
  ReadStatus(At(object, "status"), record);
  return record;
}

}  // namespace softmig::simulator
