#pragma once

#include "analysis/evidence_window.hpp"

namespace softmig::analysis {

/// The rates that counts do not speak against.
struct Interval {
  double lower = 0;
  double upper = 1;
  bool operator==(const Interval&) const = default;
};

/// ln B(a, b) with an error of about 1e-10 at b = 1e8, where a difference of lgamma loses 2e-7: the large terms of Stirling's formula are
/// taken together before they are computed. REQUIRES: a, b > 0.
double LogBeta(double a, double b);

/// ln of the beta(1/2, 1/2) mixture's e-value against "the rate is p". REQUIRES: 0 < p < 1, 0 <= bad <= total.
double BetaBinomialLogE(const Counts& counts, double p);

/// Robbins' two-sided confidence sequence: all p with BetaBinomialLogE < ln(1/alpha). The true rate stays inside at all times together with
/// probability >= 1-alpha, so people may look whenever they like. Counts deflated by phi need not be whole. [0, 1] where nothing was
/// counted. REQUIRES: 0 < alpha < 1, 0 <= bad <= total.
Interval ConfidenceSequence(const Counts& counts, double alpha);

}  // namespace softmig::analysis
