#include "analysis/overdispersion.hpp"

#include <algorithm>

namespace softmig::analysis {

Overdispersion AfterLegacyWindow(Overdispersion seen, const Counts& counts) {
  if (counts.total <= 0) return seen;
  if (seen.last.total > 0) {
    const double difference = counts.bad / counts.total - seen.last.bad / seen.last.total;
    seen.sum += difference * difference / (1 / counts.total + 1 / seen.last.total);
    ++seen.pairs;
  }
  seen.last = counts;
  seen.pooled.total += counts.total;
  seen.pooled.bad += counts.bad;
  return seen;
}

double Phi(const Overdispersion& seen) {
  if (seen.pairs == 0) return 1;
  const double rate = seen.pooled.bad / seen.pooled.total;
  const double variance = rate * (1 - rate);
  if (variance <= 0) return 1;
  return std::max(1.0, seen.sum / static_cast<double>(seen.pairs) / variance);
}

}  // namespace softmig::analysis
