#include "view/paint.hpp"

#include <fmt/format.h>

namespace softmig::view {

std::string Paint(Colour colour, Tone tone, std::string_view text) {
  if (colour == Colour::kNever || tone == Tone::kPlain || text.empty()) return std::string(text);
  int code = 0;
  switch (tone) {
    case Tone::kGood: code = 32; break;
    case Tone::kBad: code = 31; break;
    case Tone::kWaiting: code = 33; break;
    case Tone::kFaint: code = 2; break;
    case Tone::kStrong: code = 1; break;
    case Tone::kPlain: break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace softmig::view
