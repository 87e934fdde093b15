#include "sim/api/schema.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

namespace softmig::sim {
namespace {

using nlohmann::json;

[[noreturn]] void Refuse(const std::string& what, const std::string& text) {
  std::fprintf(stderr, "the fake API server does not know the schema's %s: %s\n", what.c_str(), text.c_str());
  std::abort();
}

Schema::Type ReadType(const json& source) {
  static const std::map<std::string, Schema::Type, std::less<>> kTypes = {
      {"object", Schema::Type::kObject},   {"array", Schema::Type::kArray},   {"string", Schema::Type::kString},
      {"integer", Schema::Type::kInteger}, {"number", Schema::Type::kNumber}, {"boolean", Schema::Type::kBoolean}};
  const auto named = source.find("type");
  if (named == source.end()) return Schema::Type::kAny;
  const auto found = kTypes.find(named->get<std::string>());
  if (found == kTypes.end()) Refuse("type", named->dump());
  return found->second;
}

Schema::ListType ReadListType(const json& source) {
  const std::string name = source.value("x-kubernetes-list-type", "atomic");
  if (name == "map") return Schema::ListType::kMap;
  if (name == "set") return Schema::ListType::kSet;
  if (name != "atomic") Refuse("list type", name);
  return Schema::ListType::kAtomic;
}

void ReadFormat(const json& source, Schema& schema) {
  static const std::set<std::string, std::less<>> kWithoutEffect = {"int32", "int64", "double"};
  const std::string format = source.value("format", "int32");
  schema.date_time = format == "date-time";
  if (!schema.date_time && !kWithoutEffect.contains(format)) Refuse("format", format);
}

template <typename T>
std::optional<T> Bound(const json& source, const char* name) {
  const auto found = source.find(name);
  return found == source.end() ? std::nullopt : std::optional<T>(found->get<T>());
}

void ReadBounds(const json& source, Schema& schema) {
  schema.minimum = Bound<double>(source, "minimum");
  schema.maximum = Bound<double>(source, "maximum");
  schema.min_length = Bound<std::size_t>(source, "minLength");
  schema.max_length = Bound<std::size_t>(source, "maxLength");
  schema.min_items = Bound<std::size_t>(source, "minItems");
  schema.max_items = Bound<std::size_t>(source, "maxItems");
  schema.max_properties = Bound<std::size_t>(source, "maxProperties");
  if (source.contains("pattern")) schema.pattern.emplace(source["pattern"].get<std::string>());
  if (source.contains("enum")) schema.choices = std::make_shared<const json>(source["enum"]);
}

void ReadRules(const json& source, const RuleBook& book, Schema& schema) {
  const auto found = source.find("x-kubernetes-validations");
  if (found == source.end()) return;
  for (const json& entry : *found) {
    const auto text = entry.at("rule").get<std::string>();
    const auto check = book(text);
    if (!check) Refuse("CEL rule", text);
    const bool transition = text.find("oldSelf") != std::string::npos;
    schema.rules.push_back({*check, transition, entry.value("message", "failed rule: " + text), entry.value("fieldPath", "")});
  }
}

void CheckKeywords(const json& source) {
  static const std::set<std::string, std::less<>> kKnown = {"type",
                                                            "description",
                                                            "format",
                                                            "properties",
                                                            "items",
                                                            "additionalProperties",
                                                            "required",
                                                            "enum",
                                                            "default",
                                                            "minimum",
                                                            "maximum",
                                                            "minLength",
                                                            "maxLength",
                                                            "minItems",
                                                            "maxItems",
                                                            "maxProperties",
                                                            "pattern",
                                                            "nullable",
                                                            "x-kubernetes-list-type",
                                                            "x-kubernetes-list-map-keys",
                                                            "x-kubernetes-validations",
                                                            "x-kubernetes-preserve-unknown-fields",
                                                            "x-kubernetes-int-or-string",
                                                            "x-kubernetes-map-type"};
  for (const auto& [name, value] : source.items()) {
    if (!kKnown.contains(name)) Refuse("keyword", name);
  }
}

void NoteBelow(const Schema& child, Schema& schema) {
  schema.has_rules = schema.has_rules || child.has_rules;
  schema.has_key_lists = schema.has_key_lists || child.has_key_lists;
  schema.has_defaults = schema.has_defaults || child.has_defaults;
}

void ReadBelow(const json& source, const RuleBook& rules, Schema& schema) {
  if (source.contains("properties")) {
    for (const auto& [name, property] : source["properties"].items()) {
      const auto& child = schema.properties[name] = ReadSchema(property, rules);
      NoteBelow(*child, schema);
    }
  }
  if (source.contains("items")) {
    schema.items = ReadSchema(source["items"], rules);
    NoteBelow(*schema.items, schema);
  }
  if (source.contains("additionalProperties")) {
    schema.additional = ReadSchema(source["additionalProperties"], rules);
    NoteBelow(*schema.additional, schema);
  }
}

}  // namespace

const Schema* Schema::Property(std::string_view name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? nullptr : found->second.get();
}

std::unique_ptr<Schema> ReadSchema(const json& source, const RuleBook& rules) {
  CheckKeywords(source);
  auto schema = std::make_unique<Schema>();
  schema->type = ReadType(source);
  schema->list_type = ReadListType(source);
  schema->list_keys = source.value("x-kubernetes-list-map-keys", std::vector<std::string>());
  schema->required = source.value("required", std::vector<std::string>());
  schema->preserve_unknown = source.value("x-kubernetes-preserve-unknown-fields", false);
  schema->int_or_string = source.value("x-kubernetes-int-or-string", false);
  schema->atomic_map = source.value("x-kubernetes-map-type", "granular") == "atomic";
  schema->nullable = source.value("nullable", false);
  ReadFormat(source, *schema);
  ReadBounds(source, *schema);
  ReadRules(source, rules, *schema);
  if (source.contains("default")) schema->fallback = std::make_shared<const json>(source["default"]);
  schema->has_rules = !schema->rules.empty();
  schema->has_key_lists = schema->list_type != Schema::ListType::kAtomic;
  schema->has_defaults = schema->fallback != nullptr;
  ReadBelow(source, rules, *schema);
  return schema;
}

bool Prune(const Schema& schema, json& value) {
  if (schema.preserve_unknown || schema.int_or_string) return true;
  bool complete = true;
  if (value.is_array() && schema.items) {
    for (json& item : value) complete = Prune(*schema.items, item) && complete;
  }
  if (!value.is_object() || schema.type != Schema::Type::kObject) return complete;
  for (auto it = value.begin(); it != value.end();) {
    const Schema* property = schema.Property(it.key());
    if (property == nullptr) property = schema.additional.get();
    if (property == nullptr) {
      it = value.erase(it);
      complete = false;
      continue;
    }
    if (it->is_null() && !property->nullable && !property->fallback) {
      it = value.erase(it);
      continue;
    }
    complete = Prune(*property, it.value()) && complete;
    ++it;
  }
  return complete;
}

void Default(const Schema& schema, json& value) {
  if (!schema.has_defaults) return;
  if (value.is_array() && schema.items) {
    for (json& item : value) Default(*schema.items, item);
  }
  if (!value.is_object()) return;
  for (const auto& [name, property] : schema.properties) {
    if (!property->has_defaults) continue;
    auto found = value.find(name);
    const bool absent = found == value.end() || (found->is_null() && !property->nullable);
    if (absent && property->fallback) {
      value[name] = *property->fallback;
      found = value.find(name);
    }
    if (found != value.end()) Default(*property, *found);
  }
}

bool HasKeysOf(const json& other, const json& item, const std::vector<std::string>& keys) {
  const auto field = [](const json& object, const std::string& key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
  };
  return other.is_object() && std::ranges::all_of(keys, [&](const std::string& key) {
           const json* mine = field(item, key);
           const json* theirs = field(other, key);
           return (mine == nullptr) == (theirs == nullptr) && (mine == nullptr || *mine == *theirs);
         });
}

const json* FindByKeys(const json& list, const json& item, const std::vector<std::string>& keys) {
  const auto found = std::ranges::find_if(list, [&](const json& other) { return HasKeysOf(other, item, keys); });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace softmig::sim
