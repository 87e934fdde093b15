#pragma once

#include <span>

namespace softmig::analysis {

/// Sums of numbers that are known by their natural logarithms. Total: -inf is a zero, +inf a sum that has no end; never NaN for
/// arguments that are not NaN.

/// ln(e^a + e^b).
double LogAddExp(double a, double b);

/// ln(sum of weight_j e^log_j). REQUIRES: equally many of both, weights not negative.
double LogWeightedSum(std::span<const double> weights, std::span<const double> logs);

}  // namespace softmig::analysis
