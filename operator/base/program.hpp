#pragma once

#include <csignal>
#include <cstddef>
#include <map>
#include <string>

#include "base/log.hpp"

// What the mains of programs have in common.
namespace softmig::base {

/// SIGTERM and SIGINT, from now on only for those who wait for them; a broken pipe is an error of the write, not a signal.
/// REQUIRES: called by the main thread before there is another, because threads inherit what is blocked.
sigset_t BlockStopSignals();

/// A variable of the environment; empty where it is not set. REQUIRES: nobody sets one any more.
std::string EnvironmentText(const char* name);

/// From the system's source of random numbers: for names and keys that nobody else may have.
std::string RandomHex(std::size_t digits);

/// The words of `--log-level`.
const std::map<std::string, LogLevel>& LogLevels();

}  // namespace softmig::base
