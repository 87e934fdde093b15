#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace softmig::fakes {

/// Stands still until a test moves it. Thread-safe. Starts at 2026-01-01T00:00:00Z and 1,000 s after the machine's start.
class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime WallNow() const override { return base::WallTime(base::Millis(1'767'225'600'000 + elapsed_.load())); }
  [[nodiscard]] base::SteadyTime SteadyNow() const override { return base::SteadyTime(base::Millis(1'000'000 + elapsed_.load())); }

  void Advance(base::Millis by) { elapsed_.fetch_add(by.count()); }
  void AdvanceTo(base::SteadyTime then) {
    const auto by = std::chrono::ceil<base::Millis>(then - SteadyNow());
    if (by.count() > 0) Advance(by);
  }

 private:
  std::atomic<long long> elapsed_{0};
};

}  // namespace softmig::fakes
