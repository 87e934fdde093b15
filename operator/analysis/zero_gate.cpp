#include "analysis/zero_gate.hpp"

#include <cmath>

#include "base/assert.hpp"

namespace softmig::analysis {

double ZeroGateUpper(double comparisons, double beta) {
  SM_ASSERT(beta > 0 && beta < 1);
  return comparisons > 0 ? -std::expm1(std::log(beta) / comparisons) : 1;
}

double ZeroGateRequired(double tolerance, double beta) {
  SM_ASSERT(tolerance > 0 && tolerance < 1 && beta > 0 && beta < 1);
  return std::ceil(std::log(beta) / std::log1p(-tolerance));
}

}  // namespace softmig::analysis
