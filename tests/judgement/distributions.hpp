#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace softmig::judgement {

using Rng = std::mt19937_64;

/// An independent generator for one run of one cell: the same numbers whichever thread takes it.
Rng RngFor(std::uint64_t seed, std::uint64_t cell, std::uint64_t run);

/// A distribution over whole numbers as a table: a draw costs some nanoseconds whatever the distribution. Immutable.
class DiscreteTable {
 public:
  /// Zero always.
  DiscreteTable() : DiscreteTable(0, {1.0}) {}
  /// `masses` of first, first+1, …; need not sum to 1.
  DiscreteTable(std::int64_t first, std::vector<double> masses);

  double Draw(Rng& rng) const;

 private:
  std::int64_t first_;
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> guide_;  ///< where to begin looking, for each 1/size of probability
};

DiscreteTable Poisson(double mean);
/// Bad ones among `n` whose rate is drawn anew each time from a beta distribution of mean `rate` and intra-class correlation `rho`.
DiscreteTable BetaBinomial(std::int64_t n, double rate, double rho);

}  // namespace softmig::judgement
