#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/serve/agent.hpp"
#include "agent/settings/settings_folder.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"

namespace softmig::agent {

/// Runs the agent as a bridge's settings say, whenever they change. Envoy's files are written at once, so that a weight takes effect; the
/// agent begins anew only where its own configuration is another one. A configuration that cannot be used changes nothing.
class AgentHost {
 public:
  struct Options {
    AgentOptions agent;      ///< its epoch is made by `make_epoch`, another one for each start; its routes are ours
    std::string digest_key;  ///< at least 16 bytes
    std::function<std::string()> make_epoch;
  };

  /// Begins with what the folder holds from before, where it does. `clock` and `log` must outlive it.
  AgentHost(Options options, SettingsFolder folder, const base::Clock& clock, base::Log& log);

  /// Writes Envoy's files. Thread-safe, as agent_json is; all else belongs to the thread that made it.
  void Take(BridgeSettings settings);
  /// To be called several times a second: starts the agent where that is due, and tries again what failed a second ago.
  void Tick();
  /// The hash of the routes that Envoy was handed, 16 hex digits; empty while it has none. Thread-safe.
  [[nodiscard]] std::string Routes() const;
  /// Nothing while there is no configuration yet, or no start succeeded.
  [[nodiscard]] const Agent* agent() const { return agent_.get(); }

 private:
  /// What Tick has to do now; nothing most of the time.
  std::optional<std::string> WantedNow();
  void StoreLatest() SM_REQUIRES(mutex_);
  void Start(std::string config);

  const Options options_;
  const base::Clock& clock_;
  base::Log& log_;
  mutable std::mutex mutex_;
  SettingsFolder folder_ SM_GUARDED_BY(mutex_);
  BridgeSettings latest_ SM_GUARDED_BY(mutex_);
  bool is_stored_ SM_GUARDED_BY(mutex_) = true;
  std::string tried_;  // the configuration that was last tried, whether it could be used or not
  base::SteadyTime next_try_{};
  std::unique_ptr<Agent> agent_;
};

}  // namespace softmig::agent
