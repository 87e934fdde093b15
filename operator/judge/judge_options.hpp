#pragma once

#include <optional>

#include "judge/run_judge.hpp"

namespace softmig::judge {

struct ParsedJudgeOptions {
  JudgeOptions options;
  /// Set where the program should end at once: 0 after --help, 2 after a mistake, which has been printed.
  std::optional<int> exit_code;
};

ParsedJudgeOptions ParseJudgeOptions(int argc, const char* const* argv);

}  // namespace softmig::judge
