// Schema.Validate: the API server's three passes over a custom resource: types and bounds, keys of lists, CEL rules.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "sim/api/schema.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

/// Where we are. Lives on the stack; only an error turns it into text.
struct Place {
  const Place* above = nullptr;
  std::string_view name;  ///< of the member; empty: an item
  std::size_t index = 0;

  [[nodiscard]] std::string Text() const {
    if (above == nullptr) return "";
    const std::string before = above->Text();
    if (name.empty()) return before + "[" + std::to_string(index) + "]";
    return before.empty() ? std::string(name) : before + "." + std::string(name);
  }
};

std::size_t CountCharacters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool IsWhole(const json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  return number == static_cast<double>(static_cast<long long>(number));
}

bool HasType(const Schema& schema, const json& value) {
  if (schema.int_or_string) return value.is_string() || IsWhole(value);
  if (value.is_null() && schema.nullable) return true;
  switch (schema.type) {
    case Schema::Type::kAny: return true;
    case Schema::Type::kObject: return value.is_object();
    case Schema::Type::kArray: return value.is_array();
    case Schema::Type::kString: return value.is_string();
    case Schema::Type::kInteger: return IsWhole(value);
    case Schema::Type::kNumber: return value.is_number();
    case Schema::Type::kBoolean: return value.is_boolean();
  }
  return false;
}

const json* MemberOf(const json* object, std::string_view name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

/// The counterpart of an item before the update: only lists with keys have one.
const json* OldItem(const Schema& schema, const json* old, const json& item) {
  if (old == nullptr || !old->is_array() || schema.list_type != Schema::ListType::kMap || !item.is_object()) return nullptr;
  return FindByKeys(*old, item, schema.list_keys);
}

/// Calls `visit(child schema, child, old child, child place)` for everything directly below.
template <typename Visit>
void VisitBelow(const Schema& schema, const json& value, const json* old, const Place& at, const Visit& visit) {
  if (value.is_array() && schema.items) {
    for (std::size_t i = 0; i < value.size(); ++i) visit(*schema.items, value[i], OldItem(schema, old, value[i]), Place{&at, {}, i});
  }
  if (!value.is_object()) return;
  for (auto it = value.begin(); it != value.end(); ++it) {
    const Schema* property = schema.Property(it.key());
    if (property == nullptr) property = schema.additional.get();
    if (property != nullptr) visit(*property, it.value(), MemberOf(old, it.key()), Place{&at, it.key(), 0});
  }
}

/// What an update leaves as it was is not judged again. The members of the whole object are compared once for all passes.
class Ratchet {
 public:
  Ratchet(const json& object, const json* old) {
    if (old == nullptr || !object.is_object()) return;
    for (auto it = object.begin(); it != object.end(); ++it) {
      const json* before = MemberOf(old, it.key());
      if (before != nullptr && *before == *it) unchanged_.push_back(&*it);
    }
  }
  [[nodiscard]] bool Passes(const json& value, const json* old, const Place& at) const {
    if (old == nullptr || at.above == nullptr) return false;
    if (at.above->above != nullptr) return value == *old;
    return std::ranges::find(unchanged_, &value) != unchanged_.end();
  }

 private:
  std::vector<const json*> unchanged_;
};

/// Types and bounds.
class BoundsPass {
 public:
  BoundsPass(FieldErrors& errors, const Ratchet& ratchet) : errors_(errors), ratchet_(ratchet) {}

  void Check(const Schema& schema, const json& value, const json* old, const Place& at) {
    if (ratchet_.Passes(value, old, at)) return;
    if (!HasType(schema, value)) return Add("FieldValueTypeInvalid", at, "is of the wrong type");
    if (schema.choices && std::ranges::find(*schema.choices, value) == schema.choices->end()) {
      Add("FieldValueNotSupported", at, "is none of the values that are supported");
    }
    if (value.is_string()) CheckText(schema, value.get_ref<const std::string&>(), at);
    if (value.is_number()) CheckNumber(schema, value.get<double>(), at);
    if (value.is_array()) CheckItems(schema, value.size(), at);
    if (value.is_object()) CheckMembers(schema, value, at);
    VisitBelow(schema, value, old, at, [this](const Schema& s, const json& v, const json* o, const Place& p) { Check(s, v, o, p); });
  }

 private:
  void CheckText(const Schema& schema, const std::string& text, const Place& at) {
    if (schema.max_length && CountCharacters(text) > *schema.max_length) return Add("FieldValueTooLong", at, "is too long");
    if (schema.min_length && CountCharacters(text) < *schema.min_length) return Add("FieldValueInvalid", at, "is too short");
    if (schema.pattern && !schema.pattern->Finds(text)) return Add("FieldValueInvalid", at, "does not match the pattern");
    if (schema.date_time && !base::ParseRfc3339(text)) Add("FieldValueTypeInvalid", at, "must be of type date-time");
  }
  void CheckNumber(const Schema& schema, double number, const Place& at) {
    if (schema.minimum && number < *schema.minimum) Add("FieldValueInvalid", at, "is too small");
    if (schema.maximum && number > *schema.maximum) Add("FieldValueInvalid", at, "is too large");
  }
  void CheckItems(const Schema& schema, std::size_t count, const Place& at) {
    if (schema.min_items && count < *schema.min_items) Add("FieldValueInvalid", at, "has too few items");
    if (schema.max_items && count > *schema.max_items) Add("FieldValueTooMany", at, "has too many items");
  }
  void CheckMembers(const Schema& schema, const json& value, const Place& at) {
    if (schema.max_properties && value.size() > *schema.max_properties) Add("FieldValueTooMany", at, "has too many members");
    for (const std::string& name : schema.required) {
      if (!value.contains(name)) Add("FieldValueRequired", Place{&at, name, 0}, "is required");
    }
  }
  void Add(const char* reason, const Place& at, const char* message) { errors_.push_back({reason, at.Text(), message}); }

  FieldErrors& errors_;
  const Ratchet& ratchet_;
};

/// No two items of a set are equal, no two of a map have the same keys.
class KeysPass {
 public:
  KeysPass(FieldErrors& errors, const Ratchet& ratchet) : errors_(errors), ratchet_(ratchet) {}

  void Check(const Schema& schema, const json& value, const json* old, const Place& at) {
    if (!schema.has_key_lists || ratchet_.Passes(value, old, at)) return;
    if (value.is_array() && schema.list_type != Schema::ListType::kAtomic) CheckList(schema, value, at);
    VisitBelow(schema, value, old, at, [this](const Schema& s, const json& v, const json* o, const Place& p) { Check(s, v, o, p); });
  }

 private:
  void CheckList(const Schema& schema, const json& list, const Place& at) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto same = [&](const json& other) {
        if (schema.list_type == Schema::ListType::kSet) return other == list[i];
        return list[i].is_object() && HasKeysOf(other, list[i], schema.list_keys);
      };
      const auto end = list.begin() + static_cast<json::difference_type>(i);
      if (std::any_of(list.begin(), end, same)) errors_.push_back({"FieldValueDuplicate", Place{&at, {}, i}.Text(), "is there twice"});
    }
  }

  FieldErrors& errors_;
  const Ratchet& ratchet_;
};

class RulesPass {
 public:
  RulesPass(FieldErrors& errors, const Ratchet& ratchet) : errors_(errors), ratchet_(ratchet) {}

  void Check(const Schema& schema, const json& value, const json* old, const Place& at) {
    if (!schema.has_rules || ratchet_.Passes(value, old, at)) return;
    for (const Rule& rule : schema.rules) {
      if (rule.transition && old == nullptr) continue;
      if (!rule.check(value, old)) errors_.push_back({"FieldValueInvalid", FieldOf(rule, at), rule.message});
    }
    VisitBelow(schema, value, old, at, [this](const Schema& s, const json& v, const json* o, const Place& p) { Check(s, v, o, p); });
  }

 private:
  static std::string FieldOf(const Rule& rule, const Place& at) {
    const std::string text = at.Text() + rule.field_path;
    return text.starts_with('.') ? text.substr(1) : text;
  }

  FieldErrors& errors_;
  const Ratchet& ratchet_;
};

/// After these the API server does not evaluate CEL rules.
bool Blocks(const FieldError& error) {
  return error.reason == "FieldValueRequired" || error.reason == "FieldValueNotSupported" || error.reason == "FieldValueTypeInvalid" ||
         error.reason == "FieldValueTooLong" || error.reason == "FieldValueTooMany";
}

}  // namespace

FieldErrors Validate(const Schema& schema, const json& value, const json* old, FieldErrors errors) {
  const Place root;
  const Ratchet ratchet(value, old);
  BoundsPass(errors, ratchet).Check(schema, value, old, root);
  KeysPass(errors, ratchet).Check(schema, value, old, root);
  if (!schema.has_rules) return errors;
  if (std::ranges::any_of(errors, Blocks)) {
    errors.push_back(
        {"FieldValueInvalid", "<nil>",
         "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"});
    return errors;
  }
  RulesPass(errors, ratchet).Check(schema, value, old, root);
  return errors;
}

}  // namespace softmig::sim
