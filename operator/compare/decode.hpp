#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "compare/verdict.hpp"

namespace softmig::compare {

/// What a body says once its content encoding is undone.
struct Decoded {
  Reason reason = Reason::kNone;  ///< kEncoding: unknown, broken or unfinished; kTooLarge: more than `most` bytes
  std::string_view text;          ///< of the body itself, or of `memory`
};

/// Undoes `encoding` (the value of content-encoding): none, identity, gzip, x-gzip, deflate (with and without its frame) and br; one of
/// them, not several over each other. Stops at `most` bytes, so what was compressed a thousand times costs no more than what was not.
Decoded Decode(std::string_view encoding, std::string_view body, std::size_t most, std::string& memory);

}  // namespace softmig::compare
