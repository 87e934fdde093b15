#include "providers/web/selection.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace softmig::providers {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = 512;
constexpr std::size_t kMaxSteps = 32;

std::unexpected<base::Error> Refuse(std::string_view why) {
  return base::Fail(base::ErrorCode::kInvalid, "a selection is like {.data.items[0].rate}: " + std::string(why));
}

/// At most six digits without leading zeros.
std::optional<std::size_t> PlaceOf(std::string_view text) {
  if (text.empty() || text.size() > 6 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::size_t place = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    place = place * 10 + static_cast<std::size_t>(c - '0');
  }
  return place;
}

/// Cuts "name" or "'name'" in front of "]" off; nothing where the bracket is not closed.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  const char quote = text.front();
  const std::size_t end = text.find(quote, 1);
  if (end == std::string_view::npos || !text.substr(end + 1).starts_with(']')) return std::nullopt;
  std::string name(text.substr(1, end - 1));
  text.remove_prefix(end + 2);
  return name;
}

std::string Unescaped(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    name += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return name;
}

}  // namespace

base::Result<Selection> Selection::Parse(std::string_view text) {
  if (text.size() > kMaxText) return Refuse("longer than 512 bytes");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return Refuse("it has control characters");
  if (text.starts_with('/')) return ParsePointer(text);
  if (text.starts_with('{')) {
    if (!text.ends_with('}')) return Refuse("the brace is not closed");
    text = text.substr(1, text.size() - 2);
  }
  if (text.starts_with('$')) text.remove_prefix(1);
  if (text.empty()) return Selection();
  return ParsePath(text);
}

base::Result<Selection> Selection::ParsePath(std::string_view text) {
  Selection selection;
  while (!text.empty()) {
    if (selection.steps_.size() == kMaxSteps) return Refuse("more than 32 steps");
    if (text.starts_with("['") || text.starts_with("[\"")) {
      text.remove_prefix(1);
      auto name = TakeQuoted(text);
      if (!name) return Refuse("a bracket is not closed");
      selection.steps_.emplace_back(std::move(*name));
    } else if (text.starts_with('[')) {
      const std::size_t end = text.find(']');
      const auto place = PlaceOf(text.substr(1, end == std::string_view::npos ? end : end - 1));
      if (end == std::string_view::npos || !place) return Refuse("brackets hold a place such as 0, or a name in quotes");
      selection.steps_.emplace_back(*place);
      text.remove_prefix(end + 1);
    } else if (text.starts_with('.')) {
      const std::size_t end = std::min(text.find_first_of(".[", 1), text.size());
      const std::string_view name = text.substr(1, end - 1);
      if (name.empty() || name.find_first_of("*?()@]'\" ") != std::string_view::npos) return Refuse("a dot is followed by a plain name");
      selection.steps_.emplace_back(std::string(name));
      text.remove_prefix(end);
    } else {
      return Refuse("it begins with . or [ or /");
    }
  }
  return selection;
}

base::Result<Selection> Selection::ParsePointer(std::string_view text) {
  Selection selection;
  selection.is_pointer_ = true;
  while (!text.empty()) {
    if (selection.steps_.size() == kMaxSteps) return Refuse("more than 32 steps");
    const std::size_t end = std::min(text.find('/', 1), text.size());
    selection.steps_.emplace_back(Unescaped(text.substr(1, end - 1)));
    text.remove_prefix(end);
  }
  return selection;
}

const json* Selection::Next(const json& value, const Step& step) const {
  const auto* name = std::get_if<std::string>(&step);
  if (value.is_object() && name != nullptr) {
    const auto member = value.find(*name);
    return member == value.end() ? nullptr : &*member;
  }
  if (!value.is_array() || (name != nullptr && !is_pointer_)) return nullptr;
  const std::size_t place = name == nullptr ? std::get<std::size_t>(step) : PlaceOf(*name).value_or(value.size());
  return place < value.size() ? &value[place] : nullptr;
}

Selection::Found Selection::In(const json& value) const {
  Found found{&value, {}};
  std::string way = "$";
  for (const Step& step : steps_) {
    const auto* name = std::get_if<std::string>(&step);
    way += name == nullptr ? "[" + std::to_string(std::get<std::size_t>(step)) + "]" : "." + *name;
    found.value = Next(*found.value, step);
    if (found.value == nullptr) return {nullptr, way};
  }
  return found;
}

}  // namespace softmig::providers
