#include "distributions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace softmig::judgement {
namespace {

/// A table of e^log_mass(k) around `mode`, as far as a mass matters beside the largest.
DiscreteTable TableAround(std::int64_t mode, std::int64_t last, const std::function<double(std::int64_t)>& log_mass) {
  constexpr double kNegligible = -45;
  const double most = log_mass(mode);
  std::int64_t first = mode;
  while (first > 0 && log_mass(first - 1) - most > kNegligible) --first;
  std::vector<double> masses;
  for (std::int64_t k = first; k <= last; ++k) {
    const double log = log_mass(k) - most;
    if (k > mode && log < kNegligible) break;
    masses.push_back(std::exp(log));
  }
  return {first, std::move(masses)};
}

double LogBetaFunction(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

}  // namespace

Rng RngFor(std::uint64_t seed, std::uint64_t cell, std::uint64_t run) {
  std::seed_seq words{seed, cell, run, run >> 32U};
  return Rng(words);
}

DiscreteTable::DiscreteTable(std::int64_t first, std::vector<double> masses) : first_(first), cumulative_(std::move(masses)) {
  double sum = 0;
  for (double& mass : cumulative_) mass = sum += mass;
  for (double& share : cumulative_) share /= sum;
  cumulative_.back() = 1;
  guide_.resize(std::max<std::size_t>(16, 2 * cumulative_.size()));
  std::uint32_t at = 0;
  for (std::size_t slot = 0; slot < guide_.size(); ++slot) {
    while (cumulative_[at] <= static_cast<double>(slot) / static_cast<double>(guide_.size())) ++at;
    guide_[slot] = at;
  }
}

double DiscreteTable::Draw(Rng& rng) const {
  const double u = static_cast<double>(rng() >> 11U) * 0x1p-53;
  std::size_t at = guide_[static_cast<std::size_t>(u * static_cast<double>(guide_.size()))];
  while (cumulative_[at] <= u) ++at;
  return static_cast<double>(first_ + static_cast<std::int64_t>(at));
}

DiscreteTable Poisson(double mean) {
  if (mean <= 0) return {};
  const auto log_mass = [mean](std::int64_t k) {
    const auto count = static_cast<double>(k);
    return count * std::log(mean) - mean - std::lgamma(count + 1);
  };
  return TableAround(static_cast<std::int64_t>(mean), INT64_MAX, log_mass);
}

DiscreteTable BetaBinomial(std::int64_t n, double rate, double rho) {
  const double a = rate * (1 / rho - 1);
  const double b = (1 - rate) * (1 / rho - 1);
  const auto log_mass = [=](std::int64_t k) {
    const auto bad = static_cast<double>(k);
    const auto good = static_cast<double>(n - k);
    return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(bad + 1) - std::lgamma(good + 1) + LogBetaFunction(bad + a, good + b) -
           LogBetaFunction(a, b);
  };
  return TableAround(static_cast<std::int64_t>(rate * static_cast<double>(n)), n, log_mass);
}

}  // namespace softmig::judgement
