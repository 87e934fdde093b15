#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace softmig::base {

/// Delay before try number `failures` + 1: first·2^(failures−1), at most cap; 0 for failures == 0.
constexpr Millis ExponentialBackoff(unsigned failures, Millis first, Millis cap) {
  if (failures == 0) return Millis(0);
  Millis delay = first;
  for (unsigned i = 1; i < failures && delay < cap; ++i) delay *= 2;
  return delay < cap ? delay : cap;
}

/// Spreads a delay to [delay, 2·delay) by a hash of `seed`, so that many waiters do not wake together.
constexpr Millis Jitter(Millis delay, std::uint64_t seed) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL;
  x ^= x >> 32U;
  return delay + Millis(static_cast<long long>(x % static_cast<std::uint64_t>(delay.count() + 1)));
}

}  // namespace softmig::base
