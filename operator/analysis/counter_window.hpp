#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/sample.hpp"

namespace softmig::analysis {

/// What happened between two instants: n requests, k of them bad. Windows of one metric follow each other without gap or overlap,
/// except where a counter gave no evidence. 0 <= k <= n, both finite.
struct Window {
  base::WallTime from{}, to{};
  double n = 0, k = 0;
  bool operator==(const Window&) const = default;
};

/// The last value of each series of one counter, by SeriesPoint::id.
using SeriesValues = std::map<std::uint64_t, double>;

/// What is remembered of two counters between readings. Starts empty. Value type; bounded by kMostSeries.
struct CountersState {
  SeriesValues bad, total;
  std::optional<base::WallTime> until;  ///< the instant of the last good reading
  /// Where the clock was set back: up to here instants were asked about before. What is lower than remembered is the past until then.
  std::optional<base::WallTime> known_until{};
  bool operator==(const CountersState&) const = default;
};

inline constexpr std::size_t kMostSeries = 2'000;

/// A window, or the one line why there is none. Neither: the count starts here, as a reset under a sum does.
struct CounterStep {
  CountersState state;
  std::optional<Window> window;
  std::string refused;
  bool began = false;  ///< there is no window before this reading: it is the first one, or the clock was set back
};

/// Turns readings of two cumulative counters, taken at the same instant, into the window since the reading before. Pure.
/// Series by series: what grew counts; a series that fell was reset and counts with all of its new value; a series that was not there
/// before began within the window and counts with all of its value, so the first increment of a new series is never lost; a series that
/// is gone counts nothing and is remembered, so that a gap in scraping is no new beginning. A series without labels is a sum over
/// others: where it falls, nobody can tell which of them was reset, so that reading counts nothing and the next window starts from it.
/// Refused, leaving the counts alone: negative values, bad above total, more than kMostSeries series. An instant that is not later than the
/// one before means that the clock was set back: one window is lost, and not all until the clock is where it was. Until then a series that
/// is lower than remembered is not reset: it was asked about an instant before, whose requests were counted. REQUIRES: both readings are
/// kNumber or kSeries and finite.
CounterStep Count(const CountersState& before, const model::Sample& sample);

}  // namespace softmig::analysis
