#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace softmig::agent {

/// Lets so many through in a second, and no more at once than come due in kAtOnce. Not thread-safe.
class Pace {
 public:
  static constexpr base::Millis kAtOnce{10};

  /// `a_second` is at least 1.
  explicit Pace(std::size_t a_second) : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / a_second) {}

  /// Whether one more may pass now.
  [[nodiscard]] bool Admit(base::SteadyTime now) {
    next_ = std::max(next_, now - kAtOnce);
    if (next_ > now) return false;
    next_ += interval_;
    return true;
  }

 private:
  const std::chrono::nanoseconds interval_;
  base::SteadyTime next_{};
};

}  // namespace softmig::agent
