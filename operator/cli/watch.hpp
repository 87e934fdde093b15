#pragma once

#include "cli/output.hpp"
#include "cli/session.hpp"

namespace softmig::cli {

/// Shows a migration again and again until --until or --timeout, or until it is gone: on a terminal its page in place, elsewhere a line a
/// change. Blocks. Returns the exit code: kDone in the phase that was waited for, kFailed where it was rolled back instead or is gone, or
/// cannot be read for good, kTimedOut.
int Watch(Session& session, const Options& options, const base::Clock& clock, Terminal& terminal);

}  // namespace softmig::cli
