// metadata.managedFields: who wrote which field last.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/api/kinds.hpp"
#include "sim/api/schema.hpp"

namespace softmig::sim {

/// Who writes.
struct Writer {
  std::string manager;
  std::string subresource;
  std::string time;  ///< RFC 3339, whole seconds
};

/// Brings `after.metadata.managedFields` up to date for a write other than apply. `after` still holds those of `before`.
void RecordUpdate(const Kind& kind, const Writer& writer, const nlohmann::json& before, nlohmann::json& after);

/// The causes of a 409: fields of other managers whose value differs from what is applied.
FieldErrors FindApplyConflicts(const Kind& kind, const Writer& writer, const nlohmann::json& before, const nlohmann::json& merged);

/// What this manager applied before, names no longer and owns alone.
nlohmann::json Abandoned(const Kind& kind, const Writer& writer, const nlohmann::json& before, const nlohmann::json& applied);

/// As RecordUpdate, for a server-side apply of `applied` that made `after`.
/// An empty time of the writer leaves the entry's as it is: nothing but the ownership changes.
void RecordApply(const Kind& kind, const Writer& writer, const nlohmann::json& before, const nlohmann::json& applied,
                 nlohmann::json& after);

}  // namespace softmig::sim
