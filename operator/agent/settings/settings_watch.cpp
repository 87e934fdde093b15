#include "agent/settings/settings_watch.hpp"

#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"

namespace softmig::agent {

SettingsWatch::SettingsWatch(kube::RestClient& client, const kube::ObjectKey& config_map, Listener listener, const base::Clock& clock,
                             base::Log& log)
    : key_(config_map), listener_(std::move(listener)), log_(log) {
  kube::ReflectorOptions options;
  options.type = kube::kConfigMaps;
  options.ns = key_.ns;
  options.field_selector = "metadata.name=" + key_.name;  // the agent's Role lets it see this one only
  reflector_ = std::make_unique<kube::Reflector>(std::move(options), client, static_cast<kube::ReflectorSink&>(*this), clock, log);
}

void SettingsWatch::OnApplied(const nlohmann::json& object) {
  const kube::ObjectMeta meta = kube::ParseMeta(object);
  if (meta.key != key_) return;
  auto settings = ReadBridgeSettings(object);
  if (!settings) {
    log_.Error("settings cannot be used",
               {{"config_map", key_.ToString()}, {"rv", meta.resource_version}, {"error", settings.error().message}});
    return;
  }
  listener_(std::move(*settings));
}

void SettingsWatch::OnDeleted(const nlohmann::json&) {
  log_.Warn("settings are gone, going on without", {{"config_map", key_.ToString()}});
}

}  // namespace softmig::agent
