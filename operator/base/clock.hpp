#pragma once

#include <chrono>

namespace softmig::base {

/// Wall time, what status fields carry. Milliseconds, UTC.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Time for timeouts and leases: never jumps, means nothing outside this process.
using SteadyTime = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;

/// The only source of time. Thread-safe. Pure code takes `now` as an argument instead.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime WallNow() const = 0;
  [[nodiscard]] virtual SteadyTime SteadyNow() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime WallNow() const override;
  [[nodiscard]] SteadyTime SteadyNow() const override;
};

}  // namespace softmig::base
