// What CEL's words mean on JSON: has, all, exists, exists_one.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "kube/core/json_text.hpp"

namespace softmig::sim {

using kube::Child;

/// A rule that would be an error in CEL (a missing member, an empty list) compares with null instead, and so fails.
inline bool Has(const nlohmann::json& object, const char* name) { return object.is_object() && object.contains(name); }

template <typename Test>
bool All(const nlohmann::json& list, const Test& test) {
  return std::all_of(list.begin(), list.end(), test);
}
template <typename Test>
bool Exists(const nlohmann::json& list, const Test& test) {
  return std::any_of(list.begin(), list.end(), test);
}
template <typename Test>
bool ExistsOne(const nlohmann::json& list, const Test& test) {
  return std::count_if(list.begin(), list.end(), test) == 1;
}

inline std::string LowerAscii(const nlohmann::json& text) {
  std::string lower = text.is_string() ? text.get<std::string>() : "";
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace softmig::sim
