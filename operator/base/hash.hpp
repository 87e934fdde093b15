#pragma once

#include <cstdint>
#include <string_view>

namespace softmig::base {

/// FNV-1a, 64 bits: a change must show, nobody is to be kept from forging one.
constexpr std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace softmig::base
