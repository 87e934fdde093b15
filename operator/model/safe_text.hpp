#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace softmig::model {

/// `text` fit for a JSON string of at most `max_bytes`, quotes and backslashes counted with their escapes: malformed UTF-8 becomes "?",
/// control characters become spaces, and what is cut ends with "…" (where there is room for it), never inside a character.
std::string CutText(std::string_view text, std::size_t max_bytes);

/// `text` with "?" for each byte that is no part of a UTF-8 character; nlohmann refuses to write such bytes.
std::string ValidUtf8(std::string_view text);

/// A text and what it may take at most, as CutText counts.
struct BoundedText {
  std::string_view text;
  std::size_t max_bytes;
};

/// The largest limit for which all texts, each cut to the smaller of its own and that one, take at most `pool` bytes together.
std::size_t FairTextLimit(const std::vector<BoundedText>& texts, std::size_t pool);

/// Divides `pool` bytes among texts of the given sizes so that no short text is cut for the sake of a long one: the largest limit L for
/// which the sum of min(size, L) is within the pool.
std::size_t FairLimit(std::vector<std::size_t> sizes, std::size_t pool);

}  // namespace softmig::model
