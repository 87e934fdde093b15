#pragma once

#include <string>

namespace softmig::scenario {

/// Runs a script of blocks (command lines, "----", expected output, blank line) and gives it back with the output it really has.
/// Equal texts mean that the scenario passes.
std::string Replay(const std::string& script);

}  // namespace softmig::scenario
