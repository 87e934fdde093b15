#pragma once

#include "cli/options.hpp"
#include "cli/output.hpp"

namespace softmig::cli {

/// Looks at manifests without any cluster. kDone, kFailed where there are errors (with --strict: warnings), kUsage where a file cannot be
/// read.
int RunLint(const Options& options, Terminal& terminal);

}  // namespace softmig::cli
