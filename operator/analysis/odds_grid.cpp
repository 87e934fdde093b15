#include "analysis/odds_grid.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

GridLogs LogRatios() {
  GridLogs out{};
  for (std::size_t j = 0; j < kGridSize; ++j) out[j] = std::log(kOddsRatios[j]);
  return out;
}

}  // namespace

OddsGrid MakeOddsGrid(double tolerance) {
  SM_ASSERT(tolerance > 0 && tolerance < 1);
  OddsGrid grid;
  grid.tolerance = tolerance;
  for (std::size_t j = 0; j < kGridSize; ++j) {
    const double odds = kOddsRatios[j] * tolerance / (1 - tolerance);
    grid.log_good[j] = -std::log1p(odds) - std::log1p(-tolerance);
    // p_j/p0 = R_j (1-p_j)/(1-p0).
    grid.log_bad[j] = std::log(kOddsRatios[j]) + grid.log_good[j];
  }
  return grid;
}

GridLogs BinomialFactors(const OddsGrid& grid, const Counts& counts, const WindowLimits& limits) {
  const double good = counts.total - counts.bad;
  GridLogs out{};
  for (std::size_t j = 0; j < kGridSize; ++j) {
    out[j] = std::min(limits.cap, (counts.bad * grid.log_bad[j] + good * grid.log_good[j]) / limits.phi);
  }
  return out;
}

GridLogs BlockFactors(const OddsGrid& grid, const Counts& counts, const WindowLimits& limits) {
  const double rate = counts.bad / counts.total;
  GridLogs out{};
  for (std::size_t j = 0; j < kGridSize; ++j) {
    out[j] = std::min(limits.cap, std::log(rate * std::exp(grid.log_bad[j]) + (1 - rate) * std::exp(grid.log_good[j])));
  }
  return out;
}

GridLogs RelativeFactors(double ratio, const Counts& target, const Counts& legacy, const WindowLimits& limits) {
  static const GridLogs kLogRatios = LogRatios();
  const double exposure = ratio * target.total / legacy.total;
  // Written as a share, the exposure stays finite where legacy has next to nothing: (1+R a)/(1+a) = 1 + (R-1) a/(1+a).
  const double share = exposure / (1 + exposure);
  const double bad = target.bad + legacy.bad;
  GridLogs out{};
  for (std::size_t j = 0; j < kGridSize; ++j) {
    const double log = target.bad * kLogRatios[j] - bad * std::log1p((kOddsRatios[j] - 1) * share);
    out[j] = std::min(limits.cap, log / limits.phi);
  }
  return out;
}

}  // namespace softmig::analysis
