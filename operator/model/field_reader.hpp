#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/codec.hpp"
#include "model/text_rules.hpp"

namespace softmig::model {

/// Collects what is wrong with a spec; keeps the first limits::kErrors.
class ErrorList {
 public:
  void Add(std::string path, std::string message);
  [[nodiscard]] std::vector<FieldError> Take() { return std::move(errors_); }

 private:
  std::vector<FieldError> errors_;
};

struct IntegerRange {
  std::int64_t min, max;
};

struct DurationRange {
  base::Millis min, max;
};

/// How many entries a list may have.
struct CountRange {
  std::size_t min, max;
};

/// Reads the fields of one JSON object and notes every mistake with its path. A mistake gives the fallback (or an empty value) and the
/// reading goes on, so that one pass finds them all. null counts as absent: the API server drops the nulls of objects' fields.
/// The JSON and the list must outlive the reader. Never throws.
class FieldReader {
 public:
  /// What is no object is a mistake by itself; every later read then gives fallbacks without more complaints.
  FieldReader(const nlohmann::json& value, std::string path, ErrorList& errors);

  [[nodiscard]] bool Has(std::string_view key) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string PathOf(std::string_view key) const;

  /// A text that breaks its rule is noted and still given back (cut to the rule's maximum), so that references to it do not fail too.
  std::string Text(std::string_view key, const TextRule& rule);
  std::optional<std::string> OptionalText(std::string_view key, const TextRule& rule);
  /// Without a fallback the field is required.
  std::int64_t Integer(std::string_view key, IntegerRange range, std::optional<std::int64_t> fallback);
  bool Boolean(std::string_view key, bool fallback);
  base::Millis Duration(std::string_view key, DurationRange range, base::Millis fallback);
  /// Index into `names`.
  std::size_t Choice(std::string_view key, std::span<const std::string_view> names, std::size_t fallback);

  /// Nothing where it is absent, which is a mistake only for a required one.
  std::optional<FieldReader> Object(std::string_view key);
  std::optional<FieldReader> RequiredObject(std::string_view key);
  /// One reader an entry, in order; at most count.max.
  std::vector<FieldReader> Objects(std::string_view key, CountRange count);
  std::vector<std::string> Texts(std::string_view key, const TextRule& rule, CountRange count);
  /// The list as it stands, where it is one; notes nothing but that the key was asked for.
  const nlohmann::json* Raw(std::string_view key);

  /// Notes each field nobody asked for.
  void RefuseOthers();
  void Fail(std::string_view key, std::string message);

 private:
  const nlohmann::json* Find(std::string_view key);
  const nlohmann::json* FindRequired(std::string_view key);
  const nlohmann::json* FindList(std::string_view key, CountRange count);
  std::string CheckedText(const nlohmann::json& value, const std::string& path, const TextRule& rule);

  const nlohmann::json* object_;  ///< null where the value is no object
  std::string path_;
  ErrorList* errors_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace softmig::model
