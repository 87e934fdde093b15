#pragma once

#include "cli/options.hpp"
#include "cli/output.hpp"

namespace softmig::cli {

/// Plays the SoftMigrations of manifests on a virtual clock. kDone whatever the outcome is; kFailed where a manifest is not valid, kUsage
/// where a file cannot be read.
int RunSimulate(const Options& options, Terminal& terminal);

}  // namespace softmig::cli
