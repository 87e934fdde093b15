#include <cstddef>
#include <cstdint>

#include "fuzz/targets/fuzz_targets.hpp"

// libFuzzer's entry: the name and the types are its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return softmig::fuzz::SOFTMIG_FUZZ_FUNCTION({data, size});
}
