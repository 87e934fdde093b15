#pragma once

#include <optional>
#include <string>

#include "analysis/counter_window.hpp"
#include "base/clock.hpp"
#include "model/sample.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"

namespace softmig::analysis {

/// What is remembered of one metric between polls. Starts empty at start-up and when evidence restarts. Value type.
struct MetricState {
  CountersState counters;
  base::WallTime window_start{};  ///< when the counts below began
  double bad = 0, total = 0;      ///< counts since the last judgement, without windows in which a sum fell
  bool operator==(const MetricState&) const = default;
};

/// A verdict with what it rests on.
struct Judgement {
  model::Verdict verdict = model::Verdict::kNoData;
  std::optional<double> value;
  std::optional<std::int64_t> samples;
  base::WallTime window_start{};  ///< evidence is about the time from here …
  base::WallTime at{};            ///< … to here (when the answer arrived)
  std::string evidence;           ///< one line
  /// Since when only the target's numbers are gone while legacy's are there: not the source is away, but what the target tells it.
  std::optional<base::WallTime> target_gone_since{};
  bool operator==(const Judgement&) const = default;
};

struct Step {
  MetricState state;
  Judgement judgement;
};

/// One poll's worth of evidence. Pure; n = 0 changes nothing but says so.
/// Values: pass iff within min and max (inclusive). Counts: differences of the two counters since the last poll are added up until they
/// hold min_requests, then bad/total > max_rate is a breach and anything else a pass, and the counting starts again; before that kUndecided
/// (kNoData where nothing at all was counted). A breach does not wait for min_requests where the bad ones already counted would exceed
/// max_rate even if all of min_requests were counted. Resets, new and lost series: see Count (counter_window.hpp).
/// bad > total, negative and non-finite numbers, and several series for a value: kError, never evidence.
Step Judge(const model::MetricSpec& metric, const MetricState& state, const model::Sample& sample);

}  // namespace softmig::analysis
