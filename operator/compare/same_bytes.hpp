#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace softmig::compare {

/// The bytes from `at` on as a number.
template <typename Word>
Word LoadWord(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// memcmp(a, b, size) == 0. Names and most values are so short that the call would take longer than the work.
inline bool IsSameBytes(const char* a, const char* b, std::size_t size) {
  // First and last word, which may overlap.
  const auto has_same_ends = [&]<typename Word>(Word /*kind*/) {
    const std::size_t last = size - sizeof(Word);
    return LoadWord<Word>(a) == LoadWord<Word>(b) && LoadWord<Word>(a + last) == LoadWord<Word>(b + last);
  };
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) return has_same_ends(std::uint64_t{});
  if (size >= 4) return has_same_ends(std::uint32_t{});
  if (size >= 2) return has_same_ends(std::uint16_t{});
  return size == 0 || *a == *b;
}

}  // namespace softmig::compare
