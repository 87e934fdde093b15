#pragma once

namespace softmig::base {
/// Prints the broken assumption with its place and aborts.
[[noreturn]] void AssertFailed(const char* expression, const char* file, int line);
}  // namespace softmig::base

/// Programmer error only, stays on in release. Never for input from a cluster, a network or a user.
#define SM_ASSERT(expression) ((expression) ? static_cast<void>(0) : ::softmig::base::AssertFailed(#expression, __FILE__, __LINE__))
