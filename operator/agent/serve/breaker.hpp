#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace softmig::agent {

/// Whether one side is to be asked. A side that fails many times in a row, whatever it is asked, is asked only now and then until it
/// answers once: what keeps failing is spared, and what fails slowly does not take all places. Never quite closed, so that its failing goes
/// on to be counted. Not thread-safe.
class Breaker {
 public:
  static constexpr int kFailures = 20;                ///< in a row, until it opens
  static constexpr base::Millis kBetweenProbes{200};  ///< while it is open

  /// Whether to ask now; while it is open that is the next probe.
  [[nodiscard]] bool Admit(base::SteadyTime now) {
    if (!is_open()) return true;
    if (now < next_probe_) return false;
    next_probe_ = now + kBetweenProbes;
    return true;
  }
  void Note(bool has_failed) { failures_ = has_failed ? std::min(failures_ + 1, kFailures) : 0; }
  [[nodiscard]] bool is_open() const { return failures_ == kFailures; }

 private:
  int failures_ = 0;
  base::SteadyTime next_probe_{};
};

}  // namespace softmig::agent
