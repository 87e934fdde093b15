#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace softmig::base {
void AssertFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assumption broken: %s\n", file, line, expression);
  std::abort();
}
}  // namespace softmig::base
