#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace softmig::routers {

/// Reading of JSON that may hold anything anywhere: nothing here throws.

/// Member `key` of an object; null where `value` is null, no object or has none.
const nlohmann::json* Member(const nlohmann::json* value, std::string_view key);
/// The text of member `key`; empty where it is absent or no string.
std::string TextMember(const nlohmann::json* value, std::string_view key);
/// A whole number within [0, max]; nothing for anything else.
std::optional<std::int64_t> WholeNumber(const nlohmann::json* value, std::int64_t max);
/// A member that a router steers by, as managedFields spell it.
struct SteeredField {
  const char* member;           ///< "f:spec"
  const char* field = nullptr;  ///< "f:rules"; null: all of the member
  const char* part = nullptr;   ///< of the field; null: all of it
};
/// That part of what an entry of managedFields owns; null where it does not own it.
const nlohmann::json* OwnedPart(const nlohmann::json& entry, SteeredField steered);
/// Who wrote that member last; empty where nobody is known.
std::string LastWriter(const nlohmann::json& object, SteeredField steered);
/// `text` cut at `limit` bytes, never within a UTF-8 character.
std::string Cut(std::string text, std::size_t limit);

}  // namespace softmig::routers
