#include "analysis/admission.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/confidence_sequence.hpp"
#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

using Kind = EvidenceSettings::Kind;

/// a ln(a/b), 0 for a = 0.
double Term(double a, double b) { return a == 0 ? 0 : a * std::log(a / b); }

/// What the mixture over shares costs, about ln(1/0.3) nats.
constexpr double kMixtureCost = 1.2;

}  // namespace

double Divergence(double a, double b) {
  const bool impossible = (b <= 0 && a > 0) || (b >= 1 && a < 1);
  if (impossible) return std::numeric_limits<double>::infinity();
  return Term(a, b) + Term(1 - a, 1 - b);
}

std::optional<double> RequiredRequests(double rate, double tolerance, double beta, double phi) {
  SM_ASSERT(tolerance > 0 && tolerance < 1 && beta > 0 && beta < 1 && phi >= 1);
  // Above the largest share of the grid no evidence ever comes together.
  if (rate > 0.95 * tolerance) return std::nullopt;
  return std::ceil(phi * (-std::log(beta) + kMixtureCost) / Divergence(rate, tolerance));
}

std::optional<double> RequiredRequestsRelative(const EvidenceRule& rule, double legacy_rate, double legacy_per_target, double phi) {
  SM_ASSERT(legacy_per_target > 0 && phi >= 1);
  const Counts target{1, legacy_rate};
  const Counts legacy{legacy_per_target, legacy_rate * legacy_per_target};
  const ShareLogs growth = RelativeShares(rule.settings().ratio, target, legacy);
  const double threshold = rule.promotion_threshold() + (rule.shares() ? std::log(2.0) : 0);
  const double requests = phi * RequestsUntil(ShareLogs{}, growth, threshold);
  return std::isfinite(requests) ? std::optional(std::ceil(requests)) : std::nullopt;
}

double LegacyPerTarget(int weight) {
  const double target = std::clamp(weight, 1, 99);
  return (100.0 - target) / target;
}

AdmissionCheck CheckAdmission(const EvidenceRule& rule, const Counts& legacy, double phi, double legacy_per_target) {
  SM_ASSERT(phi >= 1);
  const EvidenceSettings& settings = rule.settings();
  AdmissionCheck check;
  if (rule.IsDeterministic()) {
    // No bad one is tolerated; legacy's own numbers say nothing about comparisons with it.
    if (settings.comparisons > 0) check.requests_needed = settings.comparisons;
    return check;
  }
  const double rate = legacy.total > 0 ? legacy.bad / legacy.total : 0;
  const Counts effective{legacy.total / phi, legacy.bad / phi};
  if (settings.kind == Kind::kAbsolute) {
    check.legacy_violates = ConfidenceSequence(effective, settings.alpha).lower > settings.tolerance;
    check.requests_needed = RequiredRequests(rate, settings.tolerance, settings.beta, phi);
    return check;
  }
  check.requests_needed = RequiredRequestsRelative(rule, rate, legacy_per_target, phi);
  if (!rule.shares() || rate >= settings.floor) return check;
  // The floor alone may suffice; the mean of two costs ln 2 more.
  const auto by_floor = RequiredRequests(rate, settings.floor, settings.beta / 2, phi);
  if (by_floor && (!check.requests_needed || *by_floor < *check.requests_needed)) check.requests_needed = by_floor;
  return check;
}

}  // namespace softmig::analysis
