#include "analysis/confidence_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

/// lgamma(x) minus Stirling's (x-1/2) ln x - x + ln(2 pi)/2, to about 1e-16: the asymptotic series, below 16 by the recurrence of gamma.
double StirlingRest(double x) {
  double rest = 0;
  for (; x < 16; ++x) rest += (x + 0.5) * std::log1p(1 / x) - 1;
  const double inverse = 1 / x;
  const double square = inverse * inverse;
  const double series = 1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188)));
  return rest + inverse * series;
}

/// Where `excluded` turns from true at `outside` to false at `inside`.
template <typename Excluded>
double Boundary(double inside, double outside, const Excluded& excluded) {
  for (int i = 0; i < 100; ++i) {
    const double middle = (inside + outside) / 2;
    if (middle == inside || middle == outside) break;
    (excluded(middle) ? outside : inside) = middle;
  }
  return outside;
}

}  // namespace

double LogBeta(double a, double b) {
  SM_ASSERT(a > 0 && b > 0);
  const double small = std::min(a, b);
  const double large = std::max(a, b);
  const double sum = a + b;
  const double main = (small - 0.5) * std::log(small / sum) + (large - 0.5) * std::log1p(-small / sum) - 0.5 * std::log(sum);
  return 0.5 * std::log(2 * std::numbers::pi) + main + (StirlingRest(small) + StirlingRest(large) - StirlingRest(sum));
}

double BetaBinomialLogE(const Counts& counts, double p) {
  const double good = counts.total - counts.bad;
  return LogBeta(0.5 + counts.bad, 0.5 + good) - std::log(std::numbers::pi) - counts.bad * std::log(p) - good * std::log1p(-p);
}

Interval ConfidenceSequence(const Counts& counts, double alpha) {
  SM_ASSERT(alpha > 0 && alpha < 1);
  if (counts.total <= 0) return {};
  const double bad = counts.bad;
  const double good = counts.total - counts.bad;
  const double room = -std::log(alpha) - (LogBeta(0.5 + bad, 0.5 + good) - std::log(std::numbers::pi));
  if (bad == 0) return {0, -std::expm1(-room / good)};
  if (good == 0) return {std::exp(-room / bad), 1};
  const auto excluded = [&](double log_rate) { return -bad * log_rate - good * std::log1p(-std::exp(log_rate)) >= room; };
  const double observed = std::log(bad / counts.total);
  double far = observed - 1;
  while (!excluded(far)) far = observed + 2 * (far - observed);
  return {std::exp(Boundary(observed, far, excluded)), std::exp(Boundary(observed, 0, excluded))};
}

}  // namespace softmig::analysis
