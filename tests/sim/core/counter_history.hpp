#pragma once

#include <utility>
#include <vector>

#include "sim/core/loop.hpp"

namespace softmig::simulator {

/// What a metrics server knows of the two counters of one component at any time up to now. The answer about a past instant never changes.
/// Whole numbers; between two instants bad never grows by more than total.
class CounterHistory {
 public:
  /// The counters at `now`, which is not before the last time. Neither falls.
  void Learn(Time now, double bad, double total);
  /// From now on both begin at 0 again. REQUIRES: Learn was called at `now`.
  void Reset(Time now);

  struct Counts {
    double bad = 0, total = 0;
  };
  /// REQUIRES: Learn was called at or after `at`.
  [[nodiscard]] Counts At(Time at) const;

 private:
  struct Sample {
    Time at{};
    double bad = 0, total = 0;
  };
  [[nodiscard]] Counts Whole(Time at) const;

  std::vector<Sample> samples_{Sample{}};
  std::vector<std::pair<Time, Counts>> resets_;
};

}  // namespace softmig::simulator
