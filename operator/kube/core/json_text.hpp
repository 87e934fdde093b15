#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace softmig::kube {

/// Deeper texts are refused: parsing them is fine, but copying or printing the value would overflow the stack.
inline constexpr std::size_t kMaxJsonDepth = 100;

/// Reads one JSON text. kInvalid where it is none, or nested deeper than kMaxJsonDepth. Never throws.
base::Result<nlohmann::json> ParseJson(std::string_view text);

/// Compact text; bytes that are no UTF-8 are replaced rather than refused.
std::string DumpJson(const nlohmann::json& value);

/// The member `name`, or a null value where `object` is no object or has no such member. The reference lives as long as `object`
/// (the null value for ever).
const nlohmann::json& Child(const nlohmann::json& object, const char* name);

/// The member as text or number; "" or 0 where absent or of another type.
std::string StringField(const nlohmann::json& object, const char* name);
std::int64_t IntField(const nlohmann::json& object, const char* name);

}  // namespace softmig::kube
