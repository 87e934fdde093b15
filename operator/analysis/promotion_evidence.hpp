#pragma once

#include <array>
#include <cstddef>

#include "analysis/evidence_window.hpp"

namespace softmig::analysis {

/// How much better than tolerated a good version may be: this share of the tolerated rate. A zero is the version without any bad request.
inline constexpr std::size_t kShareCount = 9;
inline constexpr std::array<double, kShareCount> kShares{0, .05, .1, .2, .35, .5, .65, .8, .9};
inline constexpr std::array<double, kShareCount> kShareWeights{.30, .10, .10, .10, .10, .12, .10, .05, .03};  // sum 1

/// One number in nats for each share.
using ShareLogs = std::array<double, kShareCount>;

/// Evidence of one stage against "the version is worse than tolerated", so for advancing it. A mixture of likelihood ratios: an e-process
/// for "p >= p_tol the whole stage", so a version that bad is ever advanced with probability <= beta, at any number of looks.

/// Per request, for the tolerated rate p_tol: bad ln Q_j (-inf for 0), good ln(1-Q_j p_tol) - ln(1-p_tol).
struct ShareGrid {
  ShareLogs log_bad{};
  ShareLogs log_good{};
};
/// REQUIRES: 0 < tolerance < 1.
ShareGrid MakeShareGrid(double tolerance);

/// What counts add to each share's log likelihood ratio. REQUIRES: bad <= total.
ShareLogs AbsoluteShares(const ShareGrid& grid, const Counts& counts);
/// The same with the window as one observation: ln((k/n) Q_j + (1-k/n)(1-Q_j p)/(1-p)). REQUIRES: total > 0.
ShareLogs BlockShares(const ShareGrid& grid, const Counts& counts);
/// The same relative to legacy: k1 ln Q_j + (k1+k2)(ln(1+a) - ln(1+Q_j a)), a = ratio n1/n2. REQUIRES: both totals > 0.
ShareLogs RelativeShares(double ratio, const Counts& target, const Counts& legacy);

/// Evidence of shares added up over a stage: ln(sum of w_j e^log_j).
double LogPromotion(const ShareLogs& logs);
/// ln E- of a stage's totals against the rate of the grid (2.3). Numbers deflated by phi need not be whole.
double LogPromotion(const ShareGrid& grid, const Counts& stage);

/// How many requests more until one share alone reaches e^threshold, if each goes on adding `growth`; infinity where none grows.
double RequestsUntil(const ShareLogs& logs, const ShareLogs& growth, double threshold);

/// The largest rate that totals do not speak against at level beta: LogPromotion(p) < ln(1/beta) below it. Valid at any number of looks.
/// 1 where nothing was counted. REQUIRES: 0 < beta < 1.
double UpperBoundGrid(const Counts& counts, double beta);

}  // namespace softmig::analysis
