#pragma once

#include <array>
#include <cstddef>
#include <limits>

#include "analysis/evidence_window.hpp"

namespace softmig::analysis {

/// The violations a rollback detector is looking for: odds (or, relative to legacy, rates) this many times the tolerated ones. Small
/// violations are likelier, so they have more of the weight; the far end catches a version that fails everything.
inline constexpr std::size_t kGridSize = 12;
inline constexpr std::array<double, kGridSize> kOddsRatios{1.25, 1.5, 2, 3, 5, 8, 16, 32, 64, 128, 1024, 1048576};
inline constexpr std::array<double, kGridSize> kOddsWeights{.16, .22, .22, .14, .10, .06, .04, .02, .01, .01, .01, .01};  // sum 1

/// One number in nats for each ratio of the grid.
using GridLogs = std::array<double, kGridSize>;

inline constexpr double kNoCap = std::numeric_limits<double>::infinity();

/// What a detector of "at most p0 of the requests are bad" adds to its log likelihood ratios a request. With odds
/// o_j = R_j p0/(1-p0) and p_j = o_j/(1+o_j): bad A_j = ln(p_j/p0), good B_j = ln((1-p_j)/(1-p0)).
struct OddsGrid {
  double tolerance = 0;  ///< p0
  GridLogs log_bad{};    ///< A_j, above 0
  GridLogs log_good{};   ///< B_j, below 0
};

/// REQUIRES: 0 < tolerance < 1.
OddsGrid MakeOddsGrid(double tolerance);

/// How much a window may say.
struct WindowLimits {
  double phi = 1;       ///< design effect (variance over the binomial's), at least 1
  double cap = kNoCap;  ///< most nats a window may add
};

/// min(cap, (k A_j + (n-k) B_j)/phi): requests are judged one by one. If each is bad with probability at most p0 given the past, the mean
/// of e^l is at most 1; phi and cap only lower it. REQUIRES: counts passed CheckCounts.
GridLogs BinomialFactors(const OddsGrid& grid, const Counts& counts, const WindowLimits& limits);

/// min(cap, ln((k/n) p_j/p0 + (1-k/n)(1-p_j)/(1-p0))): the whole window counts as one observation between 0 and 1, however its requests
/// depend on each other. phi does not apply. REQUIRES: counts passed CheckCounts, total > 0.
GridLogs BlockFactors(const OddsGrid& grid, const Counts& counts, const WindowLimits& limits);

/// min(cap, (k1 ln R_j + (k1+k2)(ln(1+a) - ln(1+R_j a)))/phi) with a = ratio n1/n2: whether a bad request is the target's, for "the
/// target's rate is at most ratio times legacy's". What both sides share at one time cancels. REQUIRES: both passed CheckCounts, both
/// totals > 0.
GridLogs RelativeFactors(double ratio, const Counts& target, const Counts& legacy, const WindowLimits& limits);

}  // namespace softmig::analysis
