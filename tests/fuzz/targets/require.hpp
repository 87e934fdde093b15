#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fuzz/targets/fuzz_targets.hpp"

namespace softmig::fuzz {

/// Ends a libFuzzer program (nobody catches it there) and fails the replay of one file.
struct BrokenInvariant : std::logic_error {
  using std::logic_error::logic_error;
};

inline void Require(bool holds, const std::string& promise) {
  if (!holds) throw BrokenInvariant("broken: " + promise);
}

inline std::string_view TextOf(Bytes data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

/// The text up to the next newline, which is taken away with it.
inline std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// A number of at most four digits at the beginning; 0 without one.
inline int NumberOf(std::string_view line) {
  int number = 0;
  for (const char c : line.substr(0, 4)) {
    if (c < '0' || c > '9') break;
    number = number * 10 + (c - '0');
  }
  return number;
}

/// Texts that go into a status, an Event or a log must be UTF-8: the JSON writer throws at anything else.
inline bool IsUtf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

inline bool HasControlBytes(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return true;
  }
  return false;
}

}  // namespace softmig::fuzz
