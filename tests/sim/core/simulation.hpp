#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/checker.hpp"
#include "sim/core/fault_plan.hpp"
#include "sim/core/replica.hpp"
#include "sim/core/scenario.hpp"

namespace softmig::simulator {

/// What one run is made of. The same options give the same run, event by event.
struct RunOptions {
  std::uint64_t seed = 0;
  std::optional<Scenario> scenario;  ///< instead of the seed's
  std::optional<FaultPlan> plan;     ///< instead of the seed's
  Tweaks tweaks;
  Transcript::Sink transcript;
  Chooser* chooser = nullptr;
  bool short_rest = false;
};

struct RunResult {
  std::optional<Violation> violation;
  FaultPlan plan;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t faults = 0;
  double virtual_hours = 0;
  std::map<std::string, std::uint64_t, std::less<>> exercised;
  std::map<std::string, std::uint64_t> ends;  ///< how many migrations ended in which phase
};

RunResult RunOnce(const RunOptions& options, StackPool& stacks);

}  // namespace softmig::simulator
