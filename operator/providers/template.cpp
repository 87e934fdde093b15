#include "providers/template.hpp"

#include <algorithm>

namespace softmig::providers {
namespace {

bool IsNameCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// The value of a placeholder; null where there is none of that name or it is unsafe.
const std::string* Find(std::string_view key, const TemplateValues& values) {
  const std::string* value = nullptr;
  if (key == "namespace") value = &values.ns;
  if (key == "name") value = &values.name;
  if (key == "component") value = &values.component;
  if (key == "legacy") value = &values.legacy;
  if (key == "target") value = &values.target;
  if (key == "service") value = &values.service;
  if (value == nullptr || value->empty() || !std::ranges::all_of(*value, IsNameCharacter)) return nullptr;
  return value;
}

}  // namespace

std::string FillPlaceholders(std::string_view text, const TemplateValues& values) {
  std::string filled;
  while (true) {
    const std::size_t open = text.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open + 2);
    if (close == std::string_view::npos) return filled.append(text);
    const std::string* value = Find(Trim(text.substr(open + 2, close - open - 2)), values);
    if (value == nullptr) {
      filled.append(text.substr(0, open + 1));  // one brace on: another placeholder may begin within
      text.remove_prefix(open + 1);
      continue;
    }
    filled.append(text.substr(0, open)).append(*value);
    text.remove_prefix(close + 2);
  }
}

}  // namespace softmig::providers
