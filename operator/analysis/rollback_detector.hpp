#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "analysis/odds_grid.hpp"

namespace softmig::analysis {

/// Evidence that a tolerance is violated since some moment nobody knows. A Shiryaev-Roberts detector (a test is begun at every moment, all
/// are added up) whose start times have weights that sum to 1: half of it spread over active time, half over stage starts, where defects
/// cluster. So the sum M starts at 1 and is a nonnegative supermartingale while the tolerance holds, and P(M ever reaches 1/alpha) <=
/// alpha, whatever the polling, the traffic weights, the restarts and the duration (Ville's inequality). Source: weighted e-detectors
/// (Shin, Ramdas, Rinaldo).
struct RollbackDetector {
  double active_seconds = 0;  ///< time in windows with traffic; a pause does not spend weight
  std::int64_t stage = 0;     ///< stages started
  GridLogs log_sums = NoSums();

  /// ln 0: nothing begun yet.
  static GridLogs NoSums() {
    GridLogs logs{};
    logs.fill(-std::numeric_limits<double>::infinity());
    return logs;
  }
  bool operator==(const RollbackDetector&) const = default;
};

/// A stage begins: moves weight 0.5/(i(i+1)) to the tests that begin now. Leaves LogEvidence as it is.
RollbackDetector AfterStageStart(RollbackDetector detector);

/// A window of `seconds` with traffic, and what it says. O(1). REQUIRES: seconds > 0.
RollbackDetector AfterWindow(RollbackDetector detector, double seconds, const GridLogs& factors);

/// ln M, in nats: 0 to begin with; odds of e^logM to 1 against the tolerance.
double LogEvidence(const RollbackDetector& detector);

/// How many requests more until one ratio of the grid alone brings M to e^threshold, if each request goes on adding `growth` (nats, one for
/// each ratio); infinity where none grows. An estimate for people, no bound.
double RequestsUntil(const RollbackDetector& detector, const GridLogs& growth, double threshold);

}  // namespace softmig::analysis
