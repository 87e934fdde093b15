#include "sim/api/field_set.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::sim {
namespace {

using nlohmann::json;

enum class Shape { kLeaf, kMap, kKeyedList, kSet };

/// The schema of metadata, as far as field managers care.
const Schema& MetadataSchema() {
  static const std::unique_ptr<const Schema> kSchema = ReadSchema(
      {{"type", "object"},
       {"properties",
        {{"labels", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
         {"annotations", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
         {"finalizers", {{"type", "array"}, {"x-kubernetes-list-type", "set"}, {"items", {{"type", "string"}}}}},
         {"ownerReferences",
          {{"type", "array"},
           {"x-kubernetes-list-type", "map"},
           {"x-kubernetes-list-map-keys", {"uid"}},
           {"items", {{"type", "object"}, {"x-kubernetes-map-type", "atomic"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}}}},
      [](std::string_view) { return std::optional<RuleCheck>(); });
  return *kSchema;
}

Shape ShapeOf(const Schema& schema, const json& value) {
  if (value.is_object()) return schema.atomic_map ? Shape::kLeaf : Shape::kMap;
  if (!value.is_array() || schema.list_type == Schema::ListType::kAtomic) return Shape::kLeaf;
  return schema.list_type == Schema::ListType::kMap ? Shape::kKeyedList : Shape::kSet;
}

/// Members of maps without a schema of their own are free: granular maps of anything.
const Schema& Member(const Schema& schema, const std::string& name) {
  static const Schema kFree;
  const Schema* found = schema.Property(name);
  if (found == nullptr) found = schema.additional.get();
  return found == nullptr ? kFree : *found;
}

std::string KeyOf(const json& item, const std::vector<std::string>& keys) {
  json key = json::object();
  for (const std::string& name : keys) {
    if (item.is_object() && item.contains(name)) key[name] = item[name];
  }
  return "k:" + key.dump();
}

/// Calls `visit(path element, schema, child)` for what lies directly below. REQUIRES: not a leaf.
template <typename Visit>
void VisitChildren(const Schema& schema, const json& value, const Visit& visit) {
  switch (ShapeOf(schema, value)) {
    case Shape::kMap:
      for (auto it = value.begin(); it != value.end(); ++it) visit("f:" + it.key(), Member(schema, it.key()), it.value());
      return;
    case Shape::kKeyedList:
      for (const json& item : value) visit(KeyOf(item, schema.list_keys), *schema.items, item);
      return;
    case Shape::kSet:
      for (const json& item : value) visit("v:" + item.dump(), *schema.items, item);
      return;
    case Shape::kLeaf: return;
  }
}

bool IsMember(const json& node) { return node.is_object() && (node.empty() || node.contains(".")); }

/// The node of everything in `value`, containers included.
json Everything(const Schema& schema, const json& value) {
  json node = json::object();
  VisitChildren(schema, value, [&](const std::string& at, const Schema& below, const json& child) { node[at] = Everything(below, child); });
  if (!node.empty()) node["."] = json::object();
  return node;
}

struct Sets {
  json set;
  json removed;
};

void Attach(json& parent, const std::string& at, json child) {
  if (child.is_null()) return;
  if (!parent.is_object()) parent = json::object();
  parent[at] = std::move(child);
}

Sets Compare(const Schema& schema, const json& before, const json& after);

/// What became of one child; null: it was not there.
void CompareChild(const Schema& schema, const json* before, const json& after, const std::string& at, Sets& sets) {
  if (before == nullptr) return Attach(sets.set, at, Everything(schema, after));
  Sets inner = Compare(schema, *before, after);
  Attach(sets.set, at, std::move(inner.set));
  Attach(sets.removed, at, std::move(inner.removed));
}

/// Names are put together only for what differs: most of an object never does.
void CompareMaps(const Schema& schema, const json& before, const json& after, Sets& sets) {
  for (auto it = after.begin(); it != after.end(); ++it) {
    const auto old = before.find(it.key());
    if (old != before.end() && *old == *it) continue;
    CompareChild(Member(schema, it.key()), old == before.end() ? nullptr : &*old, *it, "f:" + it.key(), sets);
  }
  for (auto it = before.begin(); it != before.end(); ++it) {
    if (!after.contains(it.key())) Attach(sets.removed, "f:" + it.key(), Everything(Member(schema, it.key()), *it));
  }
}

void CompareKeyedLists(const Schema& schema, const json& before, const json& after, Sets& sets) {
  for (const json& item : after) {
    const json* old = FindByKeys(before, item, schema.list_keys);
    if (old == nullptr || *old != item) CompareChild(*schema.items, old, item, KeyOf(item, schema.list_keys), sets);
  }
  for (const json& item : before) {
    if (FindByKeys(after, item, schema.list_keys) == nullptr) {
      Attach(sets.removed, KeyOf(item, schema.list_keys), Everything(*schema.items, item));
    }
  }
}

void CompareSets(const Schema& schema, const json& before, const json& after, Sets& sets) {
  const auto has = [](const json& list, const json& item) { return std::ranges::find(list, item) != list.end(); };
  for (const json& item : after) {
    if (!has(before, item)) Attach(sets.set, "v:" + item.dump(), Everything(*schema.items, item));
  }
  for (const json& item : before) {
    if (!has(after, item)) Attach(sets.removed, "v:" + item.dump(), Everything(*schema.items, item));
  }
}

/// Null values where nothing changed.
Sets Compare(const Schema& schema, const json& before, const json& after) {
  if (before == after) return {};
  const Shape shape = ShapeOf(schema, after);
  if (shape == Shape::kLeaf || shape != ShapeOf(schema, before)) return {Everything(schema, after), nullptr};
  Sets sets;
  if (shape == Shape::kMap) CompareMaps(schema, before, after, sets);
  if (shape == Shape::kKeyedList) CompareKeyedLists(schema, before, after, sets);
  if (shape == Shape::kSet) CompareSets(schema, before, after, sets);
  return sets;
}

bool IsFieldOfMetadata(const std::string& name) {
  return name == "labels" || name == "annotations" || name == "finalizers" || name == "ownerReferences";
}

json OwnMetadata(const json& object) {
  json metadata = json::object();
  const auto found = object.find("metadata");
  if (found == object.end() || !found->is_object()) return metadata;
  for (auto it = found->begin(); it != found->end(); ++it) {
    if (IsFieldOfMetadata(it.key())) metadata[it.key()] = it.value();
  }
  return metadata;
}

bool SameMetadata(const json& before, const json& after) {
  for (const char* name : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    const auto value = [&](const json& object) {
      const auto metadata = object.find("metadata");
      if (metadata == object.end() || !metadata->is_object()) return static_cast<const json*>(nullptr);
      const auto found = metadata->find(name);
      return found == metadata->end() ? nullptr : &*found;
    };
    const json* a = value(before);
    const json* b = value(after);
    if ((a == nullptr) != (b == nullptr) || (a != nullptr && *a != *b)) return false;
  }
  return true;
}

bool IsTopField(const std::string& name) { return name != "apiVersion" && name != "kind" && name != "metadata"; }

/// As NamedFields of one value: leaves, and items of lists with keys.
json Named(const Schema& schema, const json& value) {
  json node = json::object();
  const bool keyed = ShapeOf(schema, value) == Shape::kKeyedList;
  VisitChildren(schema, value, [&](const std::string& at, const Schema& below, const json& child) {
    node[at] = Named(below, child);
    if (keyed && !node[at].empty()) node[at]["."] = json::object();
  });
  return node;
}

/// "f:rules" as ".rules", "k:{"name":"a"}" as "[name="a"]".
std::string Shown(const std::string& element) {
  if (element.starts_with("f:")) return "." + element.substr(2);
  if (!element.starts_with("k:")) return "[=" + element.substr(2) + "]";
  const json key = json::parse(element.substr(2));
  std::string keys;
  for (auto it = key.begin(); it != key.end(); ++it) keys += (keys.empty() ? "" : ",") + it.key() + "=" + it.value().dump();
  return "[" + keys + "]";
}

void ListCommon(const json& a, const json& b, const std::string& path, std::vector<std::string>& paths) {
  if (!a.is_object() || !b.is_object()) return;
  if (IsMember(a) && IsMember(b) && !path.empty()) paths.push_back(path);
  for (auto it = a.begin(); it != a.end(); ++it) {
    const auto other = b.find(it.key());
    if (it.key() == "." || other == b.end()) continue;
    ListCommon(it.value(), *other, path + Shown(it.key()), paths);
  }
}

}  // namespace

FieldChanges::FieldChanges() : set(std::make_unique<json>()), removed(std::make_unique<json>()) {}
FieldChanges::FieldChanges(FieldChanges&& other) noexcept = default;
FieldChanges::~FieldChanges() = default;

FieldChanges CompareFields(const Schema& schema, const json& before, const json& after) {
  FieldChanges changes;
  for (auto it = after.begin(); it != after.end(); ++it) {
    if (!IsTopField(it.key())) continue;
    const auto old = before.find(it.key());
    const Schema& below = Member(schema, it.key());
    Sets sets = old == before.end() ? Sets{Everything(below, it.value()), nullptr} : Compare(below, *old, it.value());
    Attach(*changes.set, "f:" + it.key(), std::move(sets.set));
    Attach(*changes.removed, "f:" + it.key(), std::move(sets.removed));
  }
  for (auto it = before.begin(); it != before.end(); ++it) {
    if (IsTopField(it.key()) && !after.contains(it.key())) {
      Attach(*changes.removed, "f:" + it.key(), Everything(Member(schema, it.key()), it.value()));
    }
  }
  if (SameMetadata(before, after)) return changes;
  Sets metadata = Compare(MetadataSchema(), OwnMetadata(before), OwnMetadata(after));
  Attach(*changes.set, "f:metadata", std::move(metadata.set));
  Attach(*changes.removed, "f:metadata", std::move(metadata.removed));
  return changes;
}

json NamedFields(const Schema& schema, const json& object) {
  json fields;
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (IsTopField(it.key())) Attach(fields, "f:" + it.key(), Named(Member(schema, it.key()), it.value()));
  }
  const json metadata = OwnMetadata(object);
  if (!metadata.empty()) Attach(fields, "f:metadata", Named(MetadataSchema(), metadata));
  return fields;
}

void AddFields(json& fields, const json& more) {
  if (more.is_null()) return;
  if (fields.is_null()) {
    fields = more;
    return;
  }
  const bool member = IsMember(fields) || IsMember(more);
  for (auto it = more.begin(); it != more.end(); ++it) {
    if (it.key() != ".") AddFields(fields[it.key()], it.value());
  }
  if (member && !fields.empty()) fields["."] = json::object();
}

void RemoveFields(json& fields, const json& gone) {
  if (fields.is_null() || gone.is_null()) return;
  const bool member = IsMember(fields) && !IsMember(gone);
  fields.erase(".");
  for (auto it = gone.begin(); it != gone.end(); ++it) {
    const auto mine = fields.find(it.key());
    if (it.key() == "." || mine == fields.end()) continue;
    RemoveFields(*mine, it.value());
    if (mine->is_null()) fields.erase(mine);
  }
  if (fields.empty() && !member) {
    fields = nullptr;
  } else if (member && !fields.empty()) {
    fields["."] = json::object();
  }
}

bool ContainsFields(const json& fields, const json& some) {
  if (some.is_null()) return true;
  if (!fields.is_object() || (IsMember(some) && !IsMember(fields))) return false;
  for (auto it = some.begin(); it != some.end(); ++it) {
    if (it.key() == ".") continue;
    const auto mine = fields.find(it.key());
    if (mine == fields.end() || !ContainsFields(*mine, *it)) return false;
  }
  return true;
}

bool ShareFields(const json& a, const json& b) {
  if (!a.is_object() || !b.is_object()) return false;
  if (IsMember(a) && IsMember(b)) return true;
  for (auto it = a.begin(); it != a.end(); ++it) {
    const auto other = b.find(it.key());
    if (it.key() != "." && other != b.end() && ShareFields(*it, *other)) return true;
  }
  return false;
}

std::vector<std::string> CommonPaths(const json& a, const json& b) {
  std::vector<std::string> paths;
  ListCommon(a, b, "", paths);
  return paths;
}

namespace {

void EraseBelow(const Schema& schema, const json& fields, json& value);

/// True where the whole value goes.
bool EraseValue(const Schema& schema, const json& fields, json& value) {
  if (IsMember(fields)) return true;
  EraseBelow(schema, fields, value);
  return value.empty();
}

void EraseBelow(const Schema& schema, const json& fields, json& value) {
  if (value.is_object()) {
    for (auto it = fields.begin(); it != fields.end(); ++it) {
      if (!it.key().starts_with("f:")) continue;
      const auto child = value.find(it.key().substr(2));
      if (child != value.end() && EraseValue(Member(schema, child.key()), it.value(), *child)) value.erase(child);
    }
    return;
  }
  if (!value.is_array()) return;
  json kept = json::array();
  for (json& item : value) {
    const bool keyed = schema.list_type == Schema::ListType::kMap;
    const auto gone = fields.find(keyed ? KeyOf(item, schema.list_keys) : "v:" + item.dump());
    // An item goes with its keys; what others own in it keeps them.
    if (gone == fields.end() || !EraseValue(*schema.items, *gone, item)) kept.push_back(std::move(item));
  }
  value = std::move(kept);
}

void OverlayValue(const Schema& schema, const json& applied, json& value) {
  const Shape shape = ShapeOf(schema, applied);
  if (shape == Shape::kLeaf || shape != ShapeOf(schema, value)) {
    value = applied;
    return;
  }
  if (shape == Shape::kMap) {
    for (auto it = applied.begin(); it != applied.end(); ++it) {
      if (value.contains(it.key())) {
        OverlayValue(Member(schema, it.key()), it.value(), value[it.key()]);
      } else {
        value[it.key()] = it.value();
      }
    }
    return;
  }
  for (const json& item : applied) {
    const std::string at = shape == Shape::kKeyedList ? KeyOf(item, schema.list_keys) : "v:" + item.dump();
    const auto same = std::find_if(value.begin(), value.end(), [&](const json& other) {
      return (shape == Shape::kKeyedList ? KeyOf(other, schema.list_keys) : "v:" + other.dump()) == at;
    });
    if (same == value.end()) {
      value.push_back(item);
    } else if (shape == Shape::kKeyedList) {
      OverlayValue(*schema.items, item, *same);
    }
  }
}

}  // namespace

void Erase(const Schema& schema, const json& fields, json& object) {
  if (!fields.is_object()) return;
  for (auto it = fields.begin(); it != fields.end(); ++it) {
    const std::string name = it.key().substr(std::min<std::size_t>(2, it.key().size()));
    const auto child = object.find(name);
    if (child == object.end()) continue;
    const Schema& below = name == "metadata" ? MetadataSchema() : Member(schema, name);
    if (EraseValue(below, it.value(), *child)) object.erase(child);
  }
}

void Overlay(const Schema& schema, const json& applied, json& object) {
  for (auto it = applied.begin(); it != applied.end(); ++it) {
    if (it.key() == "metadata") {
      const json own = OwnMetadata(applied);
      OverlayValue(MetadataSchema(), own, object["metadata"]);
    } else if (object.contains(it.key())) {
      OverlayValue(Member(schema, it.key()), it.value(), object[it.key()]);
    } else {
      object[it.key()] = it.value();
    }
  }
}

}  // namespace softmig::sim
