#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace softmig::simulator {

/// What a SoftMigration's object says, read without any of the operator's code.
struct ComponentRecord {
  std::string phase = "Pending";
  int weight = 0;
  int step = -1;
  std::string since;  ///< empty: not reached
  std::string waiting_for;
};
struct MigrationRecord {
  bool present = false;
  bool deleting = false;
  bool finalizer = false;
  long long generation = 0, observed = -1, attempt = 0;
  std::string phase = "Pending";
  std::string desired = "Complete";
  bool paused = false;
  bool adopted = false;   ///< status.routes is not empty
  bool drift = false;     ///< somebody took our writes back not long ago
  bool conflict = false;  ///< somebody was seen to take our writes back twice
  int current_weight = 0;
  std::map<std::string, ComponentRecord> components;
  std::string rollback_component, rollback_reason;
  bool rollback_verified = false, rollback_routed = false;
  std::string ready_reason;
};
MigrationRecord ReadMigration(const nlohmann::json& object);

}  // namespace softmig::simulator
