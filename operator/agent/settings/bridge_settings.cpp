#include "agent/settings/bridge_settings.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kube/core/json_text.hpp"

namespace softmig::agent {
namespace {

base::Result<std::string> ReadEnvoyFile(const nlohmann::json& data, std::string_view name) {
  std::string text = kube::StringField(data, std::string(name).c_str());
  const auto parsed = kube::ParseJson(text);
  if (!parsed || !parsed->is_object()) return base::Fail(base::ErrorCode::kInvalid, fmt::format("data[{}] is no JSON object", name));
  return text;
}

}  // namespace

base::Result<BridgeSettings> ReadBridgeSettings(const nlohmann::json& config_map) {
  const nlohmann::json& data = kube::Child(config_map, "data");
  BridgeSettings settings;
  settings.agent = kube::StringField(data, std::string(kAgentFile).c_str());
  for (const std::string_view name : kEnvoyFiles) {
    auto text = ReadEnvoyFile(data, name);
    if (!text) return base::Fail(text.error());
    settings.envoy.emplace(name, std::move(*text));
  }
  return settings;
}

}  // namespace softmig::agent
