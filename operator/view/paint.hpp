#pragma once

#include <string>
#include <string_view>

namespace softmig::view {

enum class Tone { kPlain, kGood, kBad, kWaiting, kFaint, kStrong };
enum class Colour { kNever, kAlways };

/// The text in the colour of its tone, where colours are wanted.
std::string Paint(Colour colour, Tone tone, std::string_view text);

}  // namespace softmig::view
