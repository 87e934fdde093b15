#pragma once

#include <string>

namespace softmig::judgement {

/// Nanoseconds on this machine for an update, and for an update with its verdict, of one metric: text for people, nothing is held to it.
std::string SpeedText();

}  // namespace softmig::judgement
