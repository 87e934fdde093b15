#include "analysis/log_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/assert.hpp"

namespace softmig::analysis {

double LogAddExp(double a, double b) {
  const double larger = std::max(a, b);
  const double smaller = std::min(a, b);
  // Equal infinities have no difference; a zero adds nothing.
  if (std::isinf(larger) || std::isinf(smaller)) return larger;
  return larger + std::log1p(std::exp(smaller - larger));
}

double LogWeightedSum(std::span<const double> weights, std::span<const double> logs) {
  SM_ASSERT(weights.size() == logs.size());
  double most = -std::numeric_limits<double>::infinity();
  for (const double log : logs) most = std::max(most, log);
  if (std::isinf(most)) return most;
  double sum = 0;
  for (std::size_t j = 0; j < logs.size(); ++j) sum += weights[j] * std::exp(logs[j] - most);
  return most + std::log(sum);
}

}  // namespace softmig::analysis
