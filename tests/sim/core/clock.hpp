#pragma once

#include "base/clock.hpp"
#include "sim/core/loop.hpp"

namespace softmig::simulator {

/// The clock of one machine: its wall time may be wrong and may jump, its steady time never does (a machine that stands still for a
/// while finds that time has passed, as after SIGSTOP or a suspended VM).
class MachineClock final : public base::Clock {
 public:
  explicit MachineClock(const Loop& loop, base::Millis skew = base::Millis(0)) : loop_(loop), skew_(skew) {}

  [[nodiscard]] base::WallTime WallNow() const override {
    return base::WallTime(kStart + skew_ + std::chrono::duration_cast<base::Millis>(loop_.now()));
  }
  [[nodiscard]] base::SteadyTime SteadyNow() const override { return ToSteady(loop_.now()); }
  void Jump(base::Millis by) { skew_ += by; }

  static base::SteadyTime ToSteady(Time time) { return base::SteadyTime(kBoot + time); }
  static Time FromSteady(base::SteadyTime time) {
    return std::chrono::ceil<Time>(time.time_since_epoch() - std::chrono::duration_cast<base::SteadyTime::duration>(kBoot));
  }

  static constexpr base::Millis kStart{1'767'225'600'000};  ///< 2026-01-01T00:00:00Z

 private:
  static constexpr std::chrono::seconds kBoot{1'000};

  const Loop& loop_;
  base::Millis skew_;
};

}  // namespace softmig::simulator
