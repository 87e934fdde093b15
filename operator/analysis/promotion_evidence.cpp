#include "analysis/promotion_evidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/log_sum.hpp"
#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// count * log, where no request of a kind says nothing even about a version that has none of it.
double Times(double count, double log) { return count == 0 ? 0 : count * log; }

ShareLogs LogShares() {
  ShareLogs out{};
  for (std::size_t j = 0; j < kShareCount; ++j) out[j] = kShares[j] == 0 ? -kInfinity : std::log(kShares[j]);
  return out;
}

}  // namespace

ShareGrid MakeShareGrid(double tolerance) {
  SM_ASSERT(tolerance > 0 && tolerance < 1);
  ShareGrid grid;
  grid.log_bad = LogShares();
  for (std::size_t j = 0; j < kShareCount; ++j) grid.log_good[j] = std::log1p((1 - kShares[j]) * tolerance / (1 - tolerance));
  return grid;
}

ShareLogs AbsoluteShares(const ShareGrid& grid, const Counts& counts) {
  ShareLogs out{};
  const double good = counts.total - counts.bad;
  for (std::size_t j = 0; j < kShareCount; ++j) out[j] = Times(counts.bad, grid.log_bad[j]) + good * grid.log_good[j];
  return out;
}

ShareLogs BlockShares(const ShareGrid& grid, const Counts& counts) {
  const double rate = counts.bad / counts.total;
  ShareLogs out{};
  for (std::size_t j = 0; j < kShareCount; ++j) out[j] = std::log(rate * kShares[j] + (1 - rate) * std::exp(grid.log_good[j]));
  return out;
}

ShareLogs RelativeShares(double ratio, const Counts& target, const Counts& legacy) {
  static const ShareLogs kLogShares = LogShares();
  const double exposure = ratio * target.total / legacy.total;
  const double bad = target.bad + legacy.bad;
  ShareLogs out{};
  for (std::size_t j = 0; j < kShareCount; ++j) {
    out[j] = Times(target.bad, kLogShares[j]) + bad * std::log1p((1 - kShares[j]) * exposure / (1 + kShares[j] * exposure));
  }
  return out;
}

double LogPromotion(const ShareLogs& logs) { return LogWeightedSum(kShareWeights, logs); }

double LogPromotion(const ShareGrid& grid, const Counts& stage) { return LogPromotion(AbsoluteShares(grid, stage)); }

double RequestsUntil(const ShareLogs& logs, const ShareLogs& growth, double threshold) {
  double fewest = kInfinity;
  for (std::size_t j = 0; j < kShareCount; ++j) {
    if (!(growth[j] > 0) || std::isinf(logs[j])) continue;
    const double missing = threshold - std::log(kShareWeights[j]) - logs[j];
    fewest = std::min(fewest, std::max(0.0, missing) / growth[j]);
  }
  return fewest;
}

double UpperBoundGrid(const Counts& counts, double beta) {
  SM_ASSERT(beta > 0 && beta < 1);
  const double threshold = -std::log(beta);
  const auto excluded = [&](double log_rate) { return LogPromotion(MakeShareGrid(std::exp(log_rate)), counts) >= threshold; };
  constexpr double kAlmostOne = -1e-15;
  if (counts.total <= 0 || counts.bad >= counts.total || !excluded(kAlmostOne)) return 1;
  // Nothing is excluded at or below the observed rate; without bad requests, far below one in all.
  double inside = counts.bad > 0 ? std::log(counts.bad / counts.total) : -std::log(counts.total) - 40;
  double outside = kAlmostOne;
  for (int i = 0; i < 100 && outside - inside > 1e-15; ++i) {
    const double middle = (inside + outside) / 2;
    (excluded(middle) ? outside : inside) = middle;
  }
  return std::exp(outside);
}

}  // namespace softmig::analysis
