#pragma once

#include <string>

namespace softmig::analysis {

/// A finite number as people write it: at most 12 significant digits, no needless zeros ("0.61", "412", "1e+20").
std::string Shortest(double number);

/// `rate` (0–1) in percent with two decimals ("0.73"), with more where two would hide on which side of `limit` it is,
/// or would show 0 for what is more.
std::string PercentText(double rate, double limit);

}  // namespace softmig::analysis
