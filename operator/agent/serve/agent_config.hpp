#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/capture/capture.hpp"
#include "agent/capture/watch_plan.hpp"
#include "agent/serve/replayer.hpp"
#include "base/result.hpp"

namespace softmig::agent {

/// What the agent does; docs/bridge.md describes the file. Defaulted and valid.
struct AgentConfig {
  WatchPlan plan;
  CaptureLimits capture;
  ReplayOptions replay;
  std::size_t memory = 64U << 20U;      ///< bytes of all copies together, while they are captured and while they wait
  std::size_t most_streams = 1'024;     ///< open at one time
  std::size_t most_per_second = 1'500;  ///< copies that are read
  int sampling = 100;                   ///< percent of safe requests that Envoy copies; only told
};

/// Reads the JSON of a configuration. kInvalid with every mistake and its path in one line.
base::Result<AgentConfig> ParseAgentConfig(std::string_view text);

}  // namespace softmig::agent
