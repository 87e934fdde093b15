#pragma once

#include <optional>
#include <string>

#include "agent/serve/agent.hpp"
#include "base/log.hpp"

namespace softmig::agent {

/// The agent's command line, with its defaults.
struct AgentArguments {
  AgentOptions options;
  std::string config_text;  ///< what the file holds
  std::string digest_key;   ///< of the key file; without one a random key, which nobody else knows
  base::LogLevel log_level = base::LogLevel::kInfo;
};

struct ParsedAgentArguments {
  AgentArguments arguments;
  std::optional<int> exit_code;  ///< set: end with it at once
};

/// Says what is wrong on standard error.
ParsedAgentArguments ParseAgentArguments(int argc, const char* const* argv);

}  // namespace softmig::agent
