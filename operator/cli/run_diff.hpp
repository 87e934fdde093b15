#pragma once

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"

namespace softmig::cli {

/// Shows what applying manifests would change, as the API server itself says (a dry run), and what the operator would make of it. kDone;
/// kFailed where the API server refuses one; kDiffers with --exit-code where something would change; kUsage where a file cannot be read.
int RunDiff(Session& session, const Options& options, Terminal& terminal);

}  // namespace softmig::cli
