#pragma once

#include <chrono>
#include <cstdint>

namespace softmig::simulator {

/// Virtual time since the start of a run.
using Time = std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// The only source of chance in a run (splitmix64): the same seed gives the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  /// 0 … n-1. REQUIRES: n > 0.
  int Below(int n) { return static_cast<int>(Next() % static_cast<std::uint64_t>(n)); }
  /// a … b.
  int Between(int a, int b) { return a + Below(b - a + 1); }
  bool Percent(int percent) { return Below(100) < percent; }
  Time Within(Time from, Time to) {
    return from + Time(static_cast<Time::rep>(Next() % static_cast<std::uint64_t>((to - from).count() + 1)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace softmig::simulator
