#pragma once

#include <compare>
#include <optional>

#include "base/assert.hpp"

namespace softmig::base {

/// A whole number from 0 to 100. Value type.
class Percent {
 public:
  constexpr Percent() = default;
  /// Nothing where `value` is outside 0–100.
  static constexpr std::optional<Percent> Make(long long value) {
    if (value < 0 || value > 100) return std::nullopt;
    return Percent(static_cast<int>(value));
  }
  /// REQUIRES: 0 <= value <= 100; for constants in code, never for input.
  static constexpr Percent Of(int value) {
    SM_ASSERT(value >= 0 && value <= 100);
    return Percent(value);
  }
  [[nodiscard]] constexpr int value() const { return value_; }
  constexpr auto operator<=>(const Percent&) const = default;

 private:
  constexpr explicit Percent(int value) : value_(value) {}
  int value_ = 0;
};

/// How one rule's requests are divided: target gets `target()`, legacy the rest. Sums to 100 by construction.
class WeightSplit {
 public:
  constexpr WeightSplit() = default;
  constexpr explicit WeightSplit(Percent target) : target_(target) {}
  [[nodiscard]] constexpr Percent target() const { return target_; }
  [[nodiscard]] constexpr Percent legacy() const { return Percent::Of(100 - target_.value()); }
  constexpr auto operator<=>(const WeightSplit&) const = default;

 private:
  Percent target_;
};

}  // namespace softmig::base
