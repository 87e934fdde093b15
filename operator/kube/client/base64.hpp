#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace softmig::kube {

/// Standard alphabet; white space is skipped, padding may be absent. Nothing where another byte occurs.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace softmig::kube
