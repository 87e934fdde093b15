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

/// Bytes that a text as CutText gives it takes within a JSON string.
std::size_t JsonBytes(std::string_view text);

/// Divides `pool` bytes among texts of the given sizes so that no short text is cut for the sake of a long one: the largest limit L for
/// which the sum of min(size, L) is within the pool.
std::size_t FairLimit(std::vector<std::size_t> sizes, std::size_t pool);

}  // namespace softmig::model
