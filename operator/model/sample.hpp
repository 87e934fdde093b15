#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace softmig::model {

/// One of several series of an answer.
struct SeriesPoint {
  std::uint64_t id = 0;  ///< names its labels; 0: it has none, as the result of a sum over all
  double number = 0;     ///< finite
  bool operator==(const SeriesPoint&) const = default;
};

/// What one query gave: a number, a number for each of several series, or why there is none.
struct Reading {
  enum class Kind { kNumber, kSeries, kNoData, kNaN, kError };
  Kind kind = Kind::kNoData;
  double number = 0;                  ///< only for kNumber; finite
  std::string message;                ///< for kError: the server's own words, cut at 256 bytes; else empty
  std::uint64_t id = 0;               ///< only for kNumber: as SeriesPoint::id
  std::vector<SeriesPoint> series{};  ///< only for kSeries: two or more, no id twice
  std::string note{};                 ///< for kNumber and kNoData, may be empty: what people read in place of the bare number
  /// Only for kNumber: the number is about the time from here on, where the source knows it better than when it was asked.
  std::optional<base::WallTime> since{};
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
