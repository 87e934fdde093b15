#pragma once

namespace softmig::analysis {

/// What it means that nothing at all differed. With no bad request the Clopper-Pearson bound ("rule of three") is valid at any number of
/// looks.

/// U = 1 - beta^(1/n): with n comparisons and none bad, a rate above U is refuted at level beta. 1 for n <= 0. Never 0: no number of
/// comparisons proves that. REQUIRES: 0 < beta < 1.
double ZeroGateUpper(double comparisons, double beta);

/// How many comparisons without a bad one refute a rate of `tolerance` at level beta: ceil(ln(beta)/ln(1-tolerance)).
/// REQUIRES: 0 < tolerance < 1, 0 < beta < 1.
double ZeroGateRequired(double tolerance, double beta);

}  // namespace softmig::analysis
