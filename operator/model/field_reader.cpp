#include "model/field_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "model/limits.hpp"
#include "model/safe_text.hpp"

namespace softmig::model {
namespace {

constexpr std::size_t kShownKeyBytes = 64;

std::string IndexPath(const std::string& path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

std::string WrongType(std::string_view wanted, const nlohmann::json& value) {
  return fmt::format("must be {}, is {}", wanted, value.type_name());
}

std::optional<std::int64_t> AsInteger(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return INT64_MAX;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return std::nullopt;
}

}  // namespace

void ErrorList::Add(std::string path, std::string message) {
  if (errors_.size() < limits::kErrors) errors_.push_back({std::move(path), std::move(message)});
}

FieldReader::FieldReader(const nlohmann::json& value, std::string path, ErrorList& errors)
    : object_(value.is_object() ? &value : nullptr), path_(std::move(path)), errors_(&errors) {
  if (object_ == nullptr) errors_->Add(path_, WrongType("an object", value));
}

bool FieldReader::Has(std::string_view key) const {
  if (object_ == nullptr) return false;
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

std::string FieldReader::PathOf(std::string_view key) const { return path_ + "." + std::string(key); }

void FieldReader::Fail(std::string_view key, std::string message) { errors_->Add(PathOf(key), std::move(message)); }

const nlohmann::json* FieldReader::Find(std::string_view key) {
  asked_.emplace(key);
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json* FieldReader::FindRequired(std::string_view key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr && object_ != nullptr) Fail(key, "is required");
  return value;
}

std::string FieldReader::CheckedText(const nlohmann::json& value, const std::string& path, const TextRule& rule) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) {
    errors_->Add(path, WrongType(rule.wanted.empty() ? "a text" : fmt::format("a text ({})", rule.wanted), value));
    return {};
  }
  const std::size_t length = CodePoints(*text);
  if (length < rule.min) {
    errors_->Add(path, "must not be empty");
  } else if (length > rule.max) {
    errors_->Add(path, fmt::format("must have at most {} characters, has {}", rule.max, length));
  } else if (rule.holds != nullptr && !rule.holds(*text)) {
    errors_->Add(path, fmt::format("must be {}, is \"{}\"", rule.wanted, CutText(*text, kShownKeyBytes)));
  }
  return text->substr(0, rule.max * 4);
}

std::string FieldReader::Text(std::string_view key, const TextRule& rule) {
  const nlohmann::json* value = FindRequired(key);
  return value == nullptr ? std::string() : CheckedText(*value, PathOf(key), rule);
}

std::optional<std::string> FieldReader::OptionalText(std::string_view key, const TextRule& rule) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return CheckedText(*value, PathOf(key), rule);
}

std::int64_t FieldReader::Integer(std::string_view key, IntegerRange range, std::optional<std::int64_t> fallback) {
  const nlohmann::json* value = fallback ? Find(key) : FindRequired(key);
  if (value == nullptr) return fallback.value_or(range.min);
  const auto number = AsInteger(*value);
  if (!number) {
    Fail(key, WrongType("a whole number", *value));
  } else if (*number < range.min || *number > range.max) {
    Fail(key, fmt::format("must be from {} to {}, is {}", range.min, range.max, *number));
  } else {
    return *number;
  }
  return fallback.value_or(range.min);
}

bool FieldReader::Boolean(std::string_view key, bool fallback) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  Fail(key, WrongType("true or false", *value));
  return fallback;
}

base::Millis FieldReader::Duration(std::string_view key, DurationRange range, base::Millis fallback) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return fallback;
  const auto* text = value->get_ptr<const std::string*>();
  if (text == nullptr || !IsDuration(*text)) {
    Fail(key, "must be a duration text such as 90s, 15m or 1h30m");
    return fallback;
  }
  const auto duration = base::ParseDuration(*text);
  if (!duration || *duration < range.min || *duration > range.max) {
    Fail(key, fmt::format("must be from {} to {}, is {}", base::FormatDuration(range.min), base::FormatDuration(range.max), *text));
    return fallback;
  }
  return *duration;
}

std::size_t FieldReader::Choice(std::string_view key, std::span<const std::string_view> names, std::size_t fallback) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return fallback;
  if (const auto* text = value->get_ptr<const std::string*>()) {
    const auto found = std::find(names.begin(), names.end(), *text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  Fail(key, fmt::format("must be {}{}", names.size() == 1 ? "" : "one of ", fmt::join(names, ", ")));
  return fallback;
}

std::optional<FieldReader> FieldReader::Object(std::string_view key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return FieldReader(*value, PathOf(key), *errors_);
}

std::optional<FieldReader> FieldReader::RequiredObject(std::string_view key) {
  const nlohmann::json* value = FindRequired(key);
  if (value == nullptr) return std::nullopt;
  return FieldReader(*value, PathOf(key), *errors_);
}

const nlohmann::json* FieldReader::FindList(std::string_view key, CountRange count) {
  const nlohmann::json* value = count.min > 0 ? FindRequired(key) : Find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    Fail(key, WrongType("a list", *value));
    return nullptr;
  }
  if (value->size() < count.min) Fail(key, fmt::format("must have at least {} entr{}", count.min, count.min == 1 ? "y" : "ies"));
  if (value->size() > count.max) Fail(key, fmt::format("must have at most {} entries, has {}", count.max, value->size()));
  return value;
}

std::vector<FieldReader> FieldReader::Objects(std::string_view key, CountRange count) {
  std::vector<FieldReader> readers;
  const nlohmann::json* list = FindList(key, count);
  if (list == nullptr) return readers;
  for (std::size_t i = 0; i < std::min(list->size(), count.max); ++i) readers.emplace_back((*list)[i], IndexPath(PathOf(key), i), *errors_);
  return readers;
}

std::vector<std::string> FieldReader::Texts(std::string_view key, const TextRule& rule, CountRange count) {
  std::vector<std::string> texts;
  const nlohmann::json* list = FindList(key, count);
  if (list == nullptr) return texts;
  for (std::size_t i = 0; i < std::min(list->size(), count.max); ++i) {
    texts.push_back(CheckedText((*list)[i], IndexPath(PathOf(key), i), rule));
    if (std::count(texts.begin(), texts.end(), texts.back()) > 1) errors_->Add(IndexPath(PathOf(key), i), "is in the list twice");
  }
  return texts;
}

const nlohmann::json* FieldReader::Raw(std::string_view key) { return Find(key); }

void FieldReader::RefuseOthers() {
  if (object_ == nullptr) return;
  for (const auto& [key, value] : object_->items()) {
    if (!asked_.contains(key)) Fail(CutText(key, kShownKeyBytes), "unknown field");
  }
}

}  // namespace softmig::model
