#pragma once

#include "cli/options.hpp"
#include "cli/output.hpp"

namespace softmig::cli {

/// Carries out a command and returns the exit code. What went wrong is one line on terminal.err.
int Run(const Options& options, const base::Clock& clock, Terminal& terminal);

}  // namespace softmig::cli
