#pragma once

#include <cstdint>

#include "analysis/evidence_window.hpp"

namespace softmig::analysis {

/// How much more the bad counts of legacy's windows scatter than those of independent requests would (retries, batches, users who stay).
/// From successive differences, so that a trend over the day does not count. Only ever fed from legacy: the version under test must not be
/// able to excuse itself. O(1): two sums are kept, the pooled rate divides at the end.
struct Overdispersion {
  std::int64_t pairs = 0;  ///< neighbouring windows compared
  double sum = 0;          ///< of (k_i/n_i - k_{i-1}/n_{i-1})^2 / (1/n_i + 1/n_{i-1})
  Counts last;             ///< the last window with requests; total 0: none yet
  Counts pooled;           ///< all windows together
  bool operator==(const Overdispersion&) const = default;
};

/// One more window of legacy; one without requests changes nothing. REQUIRES: counts passed CheckCounts.
Overdispersion AfterLegacyWindow(Overdispersion seen, const Counts& counts);

/// phi: 1 (as independent requests) or more; 1 until there is a pair to compare.
double Phi(const Overdispersion& seen);

}  // namespace softmig::analysis
