#pragma once

#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace softmig::agent {

/// The agent's own configuration.
inline constexpr std::string_view kAgentFile = "agent.json";
/// Envoy's resources, in the order in which they are written: what is named is there before what names it.
inline constexpr std::string_view kRoutesFile = "rds.json";
inline constexpr std::array<std::string_view, 6> kEnvoyFiles{"eds-legacy.json", "eds-target.json", "eds-target-or-legacy.json",
                                                             "cds.json",        kRoutesFile,       "lds.json"};

/// What the one ConfigMap of a bridge says: the texts of its files, by name.
struct BridgeSettings {
  std::string agent;                                      ///< as it stands there: whoever uses it says what is wrong with it
  std::map<std::string, std::string, std::less<>> envoy;  ///< each of kEnvoyFiles
  bool operator==(const BridgeSettings&) const = default;
};

/// Reads the ConfigMap. kInvalid with the name where a file of Envoy's is missing or no JSON object: half of a configuration is none.
base::Result<BridgeSettings> ReadBridgeSettings(const nlohmann::json& config_map);

}  // namespace softmig::agent
