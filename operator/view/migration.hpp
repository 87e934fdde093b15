#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/codec.hpp"

namespace softmig::view {

/// A SoftMigration as people are shown it. Value type.
struct Migration {
  std::string ns, name;
  std::string resource_version;
  std::int64_t generation = 0;
  bool deleting = false;
  std::optional<base::WallTime> created;
  std::string owner;  ///< what writes the spec from elsewhere, such as "Argo CD application shop"; empty: nothing that leaves a mark
  model::ParsedSpec parsed;
  model::Status status;
  bool seen = false;  ///< an operator has written its status
};

/// kInvalid where it is no SoftMigration. A spec that does not parse is kept with its errors.
base::Result<Migration> ReadMigration(const nlohmann::json& object);

/// The condition; null where it is not there.
const model::Condition* FindCondition(const model::Status& status, const std::string& type);

/// The spec of a component; null where it was taken out.
const model::ComponentSpec* SpecOf(const Migration& migration, const std::string& component);

/// The step a component is in; null before the first.
const model::Step* StepOf(const Migration& migration, const model::ComponentStatus& component);
/// The one after it; null where there is none.
const model::Step* NextStepOf(const Migration& migration, const model::ComponentStatus& component);

/// When the hold of the present step ends; nothing while the step is not reached.
std::optional<base::WallTime> HoldUntil(const Migration& migration, const model::ComponentStatus& component);

/// One Event about it.
struct EventLine {
  base::WallTime at{};  ///< the last time
  std::int64_t count = 1;
  bool warning = false;
  std::string reason, note;
};
/// From an events.k8s.io/v1 Event; missing fields stay empty.
EventLine ReadEvent(const nlohmann::json& event);

}  // namespace softmig::view
