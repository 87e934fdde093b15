#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.hpp"

namespace softmig::agent {

/// Knows when this process could not run for a while: stopped, throttled by its CPU limit, or its machine was. What has queued up meanwhile
/// is old and comes all at once, so it is dropped instead of worked through beside users. Thread-safe, but for Tick.
class StallWatch {
 public:
  static constexpr base::Millis kTick{10};     ///< between two calls of Tick
  static constexpr base::Millis kLongest{50};  ///< between two ticks that is none
  static constexpr base::Millis kAfter{5};     ///< in which what has queued up comes

  /// `clock` must outlive it.
  explicit StallWatch(const base::Clock& clock) : clock_(clock), ticked_(clock.SteadyNow()) {}

  /// From one thread.
  void Tick() {
    const base::SteadyTime now = clock_.SteadyNow();
    if (now - ticked_.load() > kLongest) over_ = now + kAfter;
    ticked_ = now;
  }

  /// Whether what arrives now is old. Says so before the first tick after a stall, too: whoever asks may run before it.
  [[nodiscard]] bool HasJustStalled() const {
    const base::SteadyTime now = clock_.SteadyNow();
    return now - ticked_.load() > kLongest || now < over_.load();
  }

 private:
  const base::Clock& clock_;
  std::atomic<base::SteadyTime> ticked_;
  std::atomic<base::SteadyTime> over_{base::SteadyTime::min()};
};

}  // namespace softmig::agent
