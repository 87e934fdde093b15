#pragma once

#include <csignal>
#include <map>
#include <string>

#include "base/log.hpp"

// What the programs that run until they are told to stop have in common.
namespace softmig::base {

/// SIGTERM and SIGINT, from now on only for those who wait for them; a broken pipe is an error of the write, not a signal.
/// REQUIRES: called by the main thread before there is another, because threads inherit what is blocked.
sigset_t BlockStopSignals();

/// The words of `--log-level`.
const std::map<std::string, LogLevel>& LogLevels();

}  // namespace softmig::base
