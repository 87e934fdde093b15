// The part of OpenAPI that a CustomResourceDefinition may use, as far as the kinds of the fake need it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/api/pattern.hpp"

namespace softmig::sim {

/// Whether a CEL rule holds. `old_self` is null where there is none; rules without oldSelf ignore it.
using RuleCheck = bool (*)(const nlohmann::json& self, const nlohmann::json* old_self);

/// One x-kubernetes-validations entry.
struct Rule {
  RuleCheck check = nullptr;
  bool transition = false;  ///< names oldSelf: only updates are judged
  std::string message;
  std::string field_path;  ///< "" or ".name", relative to the value
};

/// One node of a structural schema. Immutable once read; may be shared between threads.
struct Schema {
  enum class Type { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };
  enum class ListType { kAtomic, kSet, kMap };

  Type type = Type::kAny;
  ListType list_type = ListType::kAtomic;
  bool preserve_unknown = false;
  bool int_or_string = false;
  bool atomic_map = false;
  bool nullable = false;
  bool date_time = false;
  bool has_rules = false;      ///< here or below
  bool has_key_lists = false;  ///< sets or maps here or below
  bool has_defaults = false;   ///< here or below
  std::map<std::string, std::unique_ptr<Schema>, std::less<>> properties;
  std::unique_ptr<Schema> items;
  std::unique_ptr<Schema> additional;  ///< values of a map with free keys
  std::vector<std::string> required;
  std::vector<std::string> list_keys;
  std::shared_ptr<const nlohmann::json> choices;   ///< enum: an array; null: anything
  std::shared_ptr<const nlohmann::json> fallback;  ///< default; null: none
  std::optional<double> minimum, maximum;
  std::optional<std::size_t> min_length, max_length, min_items, max_items, max_properties;
  std::optional<Pattern> pattern;
  std::vector<Rule> rules;

  /// The property of this name, null where there is none.
  [[nodiscard]] const Schema* Property(std::string_view name) const;
};

/// Gives the check of a rule's text. Aborts the reading where it is unknown.
using RuleBook = std::function<std::optional<RuleCheck>(std::string_view text)>;

/// Reads an openAPIV3Schema. Aborts (with the text on stderr) on a keyword or a CEL rule that this fake does not know: a schema that
/// grew must not be judged by half.
std::unique_ptr<Schema> ReadSchema(const nlohmann::json& source, const RuleBook& rules);

/// Drops members that the schema does not know, and says false then; drops nulls that are neither allowed nor replaced by a default.
bool Prune(const Schema& schema, nlohmann::json& value);
/// Fills in the defaults.
void Default(const Schema& schema, nlohmann::json& value);

/// One complaint, as a cause of an Invalid answer.
struct FieldError {
  std::string reason;  ///< "FieldValueRequired", …
  std::string field;   ///< "spec.routes[0].name"
  std::string message;
};
using FieldErrors = std::vector<FieldError>;

/// What the API server would complain about, behind the `errors` that are known already. Parts that equal those of `old` (may be null)
/// pass, as its ratcheting lets them.
FieldErrors Validate(const Schema& schema, const nlohmann::json& value, const nlohmann::json* old, FieldErrors errors);

/// `other` is an object with the same keys as `item`.
bool HasKeysOf(const nlohmann::json& other, const nlohmann::json& item, const std::vector<std::string>& keys);

/// The item of `list` with the same keys as `item`; null where there is none.
const nlohmann::json* FindByKeys(const nlohmann::json& list, const nlohmann::json& item, const std::vector<std::string>& keys);

}  // namespace softmig::sim
