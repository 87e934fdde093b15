#pragma once

#include <condition_variable>
#include <mutex>

/// Lock annotations: clang checks them (-Wthread-safety), g++ ignores them.
#if defined(__clang__)
#define SM_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define SM_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define SM_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#else
#define SM_GUARDED_BY(mutex)
#define SM_REQUIRES(...)
#define SM_EXCLUDES(...)
#endif
