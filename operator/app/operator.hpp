#pragma once

#include <memory>

#include "app/options.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace softmig::app {

/// The whole operator, wired by hand in operator.cpp. Confined to the thread that made it.
class Operator {
 public:
  /// Connects nothing yet that could fail later by itself: only the configuration and the listening socket.
  static base::Result<std::unique_ptr<Operator>> Make(const Options& options, const base::Clock& clock, base::Log& log);
  ~Operator();

  /// Looks after start-up and leadership; call it a few times a second. False: leadership is lost, leave at once.
  bool Tick();
  /// Ends workers after the writes under way, then gives the lease back.
  void Stop();

 private:
  class Impl;
  explicit Operator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::app
