#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"

namespace softmig::model {

/// What one query gave. Exactly one number, or why there is none.
struct Reading {
  enum class Kind { kNumber, kNoData, kNaN, kError };
  Kind kind = Kind::kNoData;
  double number = 0;    ///< only for kNumber; finite
  std::string message;  ///< for kError: the server's own words, cut at 256 bytes; else empty
  bool operator==(const Reading&) const = default;
};

/// One poll of one metric for one component: a reading for a value, two (taken at the same instant) for counts.
struct Sample {
  base::WallTime asked_at{};  ///< the instant the queries were evaluated at
  base::WallTime at{};        ///< when the (later) answer arrived
  Reading first;              ///< the value, or bad
  Reading second;             ///< total; unused for values
  bool operator==(const Sample&) const = default;
};

}  // namespace softmig::model
