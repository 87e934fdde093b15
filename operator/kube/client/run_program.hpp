#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace softmig::kube {

struct Program {
  std::string command;  ///< searched in $PATH where it holds no slash
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  ///< added to, or replacing, this process's environment
  base::Millis timeout{30'000};
  std::size_t max_output = 1U << 20U;
};

/// Runs a program to its end and gives its standard output. Standard input is empty, standard error is ours. The program is the leader
/// of a process group of its own, which is killed when it runs too long or prints too much. Blocks for at most `timeout`.
/// kNotFound where it cannot be started, kTimeout, kInvalid for too much output, kUnavailable for an exit code other than 0.
base::Result<std::string> RunProgram(const Program& program);

}  // namespace softmig::kube
