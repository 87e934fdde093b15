#pragma once

#include <optional>
#include <string>

#include "agent/serve/agent.hpp"
#include "base/log.hpp"
#include "kube/client/cluster_config.hpp"
#include "kube/core/object.hpp"

namespace softmig::agent {

/// The agent's command line, with its defaults.
struct AgentArguments {
  AgentOptions options;
  std::string config_text;                    ///< what the file holds; empty where a ConfigMap says it
  std::optional<kube::ObjectKey> config_map;  ///< exactly one of it and a file was given
  std::string settings_folder;                ///< where Envoy reads its resources; with a ConfigMap
  kube::ConfigSources cluster;                ///< of the ConfigMap
  std::string digest_key;                     ///< of the key file; without one a random key, which nobody else knows
  base::LogLevel log_level = base::LogLevel::kInfo;
};

struct ParsedAgentArguments {
  AgentArguments arguments;
  std::optional<int> exit_code;  ///< set: end with it at once
};

/// Another text each time, for an agent that begins.
std::string MakeEpoch();

/// Says what is wrong on standard error.
ParsedAgentArguments ParseAgentArguments(int argc, const char* const* argv);

}  // namespace softmig::agent
