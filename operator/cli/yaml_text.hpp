#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace softmig::cli {

/// What a plain (unquoted, untagged) scalar means to kubectl, which reads YAML 1.1: yes, on and y are true, 010 is 8, 1_000 a thousand.
nlohmann::json PlainScalar(const std::string& text);

}  // namespace softmig::cli
