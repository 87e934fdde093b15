#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "kube/runtime/reflector_driver.hpp"
#include "sim/core/process.hpp"

namespace softmig::simulator {

/// Drives a ReflectorDriver by events, as a Reflector does by a thread. Belongs to one process.
class WatchLoop {
 public:
  WatchLoop(Process& process, Loop& loop, kube::ReflectorOptions options, const kube::ReflectorDriver::Parts& parts);
  ~WatchLoop();
  WatchLoop(const WatchLoop&) = delete;
  WatchLoop& operator=(const WatchLoop&) = delete;

 private:
  void Step();
  void StepSoon(Time delay);
  void Take(kube::StreamItem item);
  http::StreamCallbacks Callbacks();

  Process& process_;
  Loop& loop_;
  std::shared_ptr<kube::ReflectorDriver> driver_;  ///< a page that is being read holds it, too
  std::unique_ptr<http::Stream> stream_;
  std::shared_ptr<WatchLoop*> self_;  ///< what events hold: null once this is gone
};

/// The newest lease that a watch saw.
class LeaseMail final : public kube::ReflectorSink {
 public:
  LeaseMail(const base::Clock& clock, std::function<void()> arrived);
  ~LeaseMail() override;
  void OnRestart() override {}
  void OnSynced() override {}
  void OnDeleted(const nlohmann::json&) override {}
  void OnApplied(const nlohmann::json& lease) override;

  struct Letter {
    std::unique_ptr<nlohmann::json> lease;
    base::SteadyTime seen;
  };
  std::optional<Letter> Take();

 private:
  const base::Clock& clock_;
  std::function<void()> arrived_;
  std::unique_ptr<nlohmann::json> newest_;
  base::SteadyTime seen_;
};

}  // namespace softmig::simulator
