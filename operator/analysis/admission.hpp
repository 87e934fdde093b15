#pragma once

#include <optional>

#include "analysis/evidence_rule.hpp"

namespace softmig::analysis {

/// D(a||b) in nats a request: how fast requests that are bad at rate a refute the rate b. 0 for equal rates, +inf where b rules a out.
double Divergence(double a, double b);

/// Requests of a stage until a version with rate `rate` has shown that it is better than `tolerance`: phi
/// (ln(1/beta)+1.2)/D(rate||tolerance); nullopt where it is not. REQUIRES: 0 <= rate <= 1, 0 < tolerance < 1, 0 < beta < 1, phi >= 1.
std::optional<double> RequiredRequests(double rate, double tolerance, double beta, double phi);

/// The same relative to legacy, for a target that is as good as legacy. `legacy_per_target`: requests of legacy for each of the target's,
/// above 0.
std::optional<double> RequiredRequestsRelative(const EvidenceRule& rule, double legacy_rate, double legacy_per_target, double phi);

/// Requests of legacy for each of the target's at a weight in percent. At 100 as at 99: there is no legacy to compare with. At 0 as at 1.
double LegacyPerTarget(int weight);

/// What legacy's own numbers say about a rule before a migration begins.
struct AdmissionCheck {
  /// Legacy itself violates the tolerance: its confidence sequence lies above it. Judge relative to legacy instead.
  bool legacy_violates = false;
  /// Requests of the target a stage needs if the target is as good as legacy; nullopt: so near the tolerance that it could never pass.
  std::optional<double> requests_needed;
};

/// `legacy`: counts of a time that was fine. `phi`: of legacy's windows (overdispersion.hpp). `legacy_per_target`: for kRelative, at the
/// weight in question. REQUIRES: counts passed CheckCounts, phi >= 1.
AdmissionCheck CheckAdmission(const EvidenceRule& rule, const Counts& legacy, double phi, double legacy_per_target);

}  // namespace softmig::analysis
