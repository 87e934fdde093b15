#pragma once

#include <cmath>
#include <set>

#include "fuzz/targets/require.hpp"
#include "model/sample.hpp"

namespace softmig::fuzz {

/// Without a number a reading has words or nothing.
inline void CheckWords(const model::Reading& reading) {
  Require(reading.number == 0 && reading.id == 0 && reading.series.empty(), "no number without kNumber or kSeries");
  Require(reading.message.size() <= 256, "words are cut at 256 bytes");
  Require(IsUtf8(reading.message), "words are UTF-8");
  Require(!HasControlBytes(reading.message) && reading.message.find('\x7f') == std::string::npos, "words are one line");
  Require(reading.message.empty() == (reading.kind != model::Reading::Kind::kError), "an error has words, nothing else has");
}

inline bool HasNumbers(const model::Reading& reading) {
  return reading.kind == model::Reading::Kind::kNumber || reading.kind == model::Reading::Kind::kSeries;
}

/// What model::Reading promises, whatever it was read from.
inline void CheckShape(const model::Reading& reading) {
  if (!HasNumbers(reading)) return CheckWords(reading);
  Require(reading.message.empty() && std::isfinite(reading.number), "a number is finite and needs no words");
  Require((reading.kind == model::Reading::Kind::kSeries) == (reading.series.size() > 1), "several series are more than one");
  std::set<std::uint64_t> ids;
  for (const model::SeriesPoint& point : reading.series) {
    Require(std::isfinite(point.number), "a number is finite");
    Require(ids.insert(point.id).second, "no series is there twice");
  }
}

}  // namespace softmig::fuzz
