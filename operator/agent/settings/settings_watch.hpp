#pragma once

#include <functional>
#include <memory>

#include "agent/settings/bridge_settings.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/core/object.hpp"
#include "kube/runtime/reflector.hpp"

namespace softmig::agent {

/// Hears of every version of the one ConfigMap that a bridge is configured by. A version that cannot be used is logged and passed over; so
/// is its deletion: a bridge goes on as it was last told.
class SettingsWatch final : private kube::ReflectorSink {
 public:
  /// Called on the watch's thread, one at a time; must not block for long.
  using Listener = std::function<void(BridgeSettings)>;

  /// `client`, `clock` and `log` must outlive it.
  SettingsWatch(kube::RestClient& client, const kube::ObjectKey& config_map, Listener listener, const base::Clock& clock, base::Log& log);

 private:
  void OnRestart() override {}
  void OnApplied(const nlohmann::json& object) override;
  void OnDeleted(const nlohmann::json& object) override;
  void OnSynced() override {}

  const kube::ObjectKey key_;
  const Listener listener_;
  base::Log& log_;
  std::unique_ptr<kube::Reflector> reflector_;  // last: its thread uses the rest
};

}  // namespace softmig::agent
