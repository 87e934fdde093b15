#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "compare/verdict.hpp"

namespace softmig::compare {

/// One value of a JSON text. Nodes stand in the order of the text, so what a list or object holds follows it directly.
struct JsonNode {
  const char* text = nullptr;  ///< of a string what it says, of all others its JSON
  const char* key = nullptr;   ///< of a member of an object
  std::uint32_t size = 0;      ///< of the text
  std::uint32_t key_size = 0;
  std::uint32_t span = 1;     ///< nodes from this one to the next beside it
  std::uint32_t members = 0;  ///< of an object or list
  ValueKind kind = ValueKind::kAbsent;
  bool is_plain = false;  ///< a number in the one plain spelling (decimal.hpp)

  [[nodiscard]] std::string_view Text() const { return {text, size}; }
  [[nodiscard]] std::string_view Key() const { return {key, key_size}; }
  [[nodiscard]] const JsonNode* begin() const { return this + 1; }
  [[nodiscard]] const JsonNode* end() const { return this + span; }
};

inline constexpr std::size_t kMostDepth = 100;  ///< walks recurse
inline constexpr std::size_t kMostNodes = std::size_t{1} << 18U;

/// A JSON text, read once and checked as a whole. Numbers stay as they were written: a double would hide differences, and simdjson's DOM
/// refuses integers beyond 64 bits. Keeps its memory from text to text (40 bytes a value, some five a byte of text). Not thread-safe.
class JsonTree {
 public:
  enum class Problem : std::uint8_t { kNone, kSyntax, kTooComplex };

  JsonTree();
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;
  ~JsonTree();

  /// Takes a copy of the text. After a problem there is no root. A byte order mark at the beginning is let pass.
  Problem Parse(std::string_view text);
  /// REQUIRES: the last Parse gave kNone. Lives until the next one.
  [[nodiscard]] const JsonNode& root() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace softmig::compare
