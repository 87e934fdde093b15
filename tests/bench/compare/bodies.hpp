#pragma once

#include <cstddef>
#include <string>

namespace softmig::bench {

/// A JSON answer of about `bytes`: a list of orders with numbers, texts, a flag and a time, as APIs of shops have them.
enum class Change { kNone, kOneField, kEveryRow };
std::string MakeBody(std::size_t bytes, Change change);

}  // namespace softmig::bench
