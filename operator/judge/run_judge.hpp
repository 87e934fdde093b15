#pragma once

#include <istream>
#include <ostream>

#include "analysis/evidence_rule.hpp"

namespace softmig::judge {

/// What to judge by.
struct JudgeOptions {
  analysis::EvidenceSettings settings;
  double default_seconds = 10;  ///< of a window whose line does not say
};

/// Exit codes of the program.
inline constexpr int kAllJudged = 0;
inline constexpr int kOutputFailed = 1;
inline constexpr int kBadInput = 2;

/// Reads steps from `in` and writes what is concluded from each to `out`, one JSON line a step; complaints go to `err`, each with its line.
/// Returns kAllJudged, kOutputFailed, or kBadInput: the settings make no sense, a line could not be read (the rest is not looked at), or
/// some window was dropped. Keeps only the evidence, however long the input.
int RunJudge(std::istream& in, std::ostream& out, std::ostream& err, const JudgeOptions& options);

}  // namespace softmig::judge
