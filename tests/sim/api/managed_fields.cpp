#include "sim/api/managed_fields.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "kube/core/json_text.hpp"
#include "sim/api/field_set.hpp"

namespace softmig::sim {
namespace {

using kube::StringField;
using nlohmann::json;

constexpr const char* kApply = "Apply";
constexpr const char* kUpdate = "Update";

bool IsOf(const json& entry, const Writer& writer, const char* operation) {
  const json& subresource = kube::Child(entry, "subresource");
  return kube::Child(entry, "manager") == writer.manager && kube::Child(entry, "operation") == operation &&
         (subresource.is_null() ? writer.subresource.empty() : subresource == writer.subresource);
}

json Entries(const json& object) {
  const json& entries = kube::Child(kube::Child(object, "metadata"), "managedFields");
  return entries.is_array() ? entries : json::array();
}

json NewEntry(const Kind& kind, const Writer& writer, const char* operation) {
  json entry = {{"manager", writer.manager}, {"operation", operation}, {"apiVersion", kind.type.ApiVersion()},
                {"fieldsType", "FieldsV1"},  {"fieldsV1", nullptr},    {"time", writer.time}};
  if (!writer.subresource.empty()) entry["subresource"] = writer.subresource;
  return entry;
}

/// Applied first, then by time, then by name: as the API server shows them.
void Sort(json& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const json& a, const json& b) {
    const auto rank = [](const json& entry) {
      return std::tuple(StringField(entry, "operation"), StringField(entry, "time"), StringField(entry, "manager"),
                        StringField(entry, "subresource"));
    };
    return rank(a) < rank(b);
  });
}

void Store(json entries, json& object) {
  json kept = json::array();
  for (json& entry : entries) {
    if (!entry["fieldsV1"].is_null()) kept.push_back(std::move(entry));
  }
  Sort(kept);
  object["metadata"]["managedFields"] = std::move(kept);
}

void TakeFromAll(json& entries, const FieldChanges& changes, const Writer& writer, const char* operation) {
  for (json& entry : entries) {
    if (!IsOf(entry, writer, operation)) RemoveFields(entry["fieldsV1"], *changes.set);
    RemoveFields(entry["fieldsV1"], *changes.removed);
  }
}

json& OwnEntry(json& entries, const Kind& kind, const Writer& writer, const char* operation) {
  const auto own = std::ranges::find_if(entries, [&](const json& entry) { return IsOf(entry, writer, operation); });
  if (own != entries.end()) return *own;
  entries.push_back(NewEntry(kind, writer, operation));
  return entries.back();
}

/// The usual case, an owner that changes its own fields again: nothing but the time moves. False where there is more to do.
bool TouchOwn(const Writer& writer, const FieldChanges& changes, json& entries) {
  if (!changes.removed->is_null()) return false;
  json* own = nullptr;
  for (json& entry : entries) {
    if (IsOf(entry, writer, kUpdate)) {
      own = &entry;
    } else if (ShareFields(entry["fieldsV1"], *changes.set)) {
      return false;
    }
  }
  if (own == nullptr || !ContainsFields((*own)["fieldsV1"], *changes.set)) return false;
  if ((*own)["time"] != writer.time) {
    (*own)["time"] = writer.time;
    Sort(entries);
  }
  return true;
}

}  // namespace

void RecordUpdate(const Kind& kind, const Writer& writer, const json& before, json& after) {
  const FieldChanges changes = CompareFields(*kind.schema, before, after);
  if (changes.set->is_null() && changes.removed->is_null()) return;
  if (after["metadata"].contains("managedFields") && TouchOwn(writer, changes, after["metadata"]["managedFields"])) return;
  json entries = Entries(after);
  TakeFromAll(entries, changes, writer, kUpdate);
  if (!changes.set->is_null()) {
    json& own = OwnEntry(entries, kind, writer, kUpdate);
    AddFields(own["fieldsV1"], *changes.set);
    own["time"] = writer.time;
  }
  Store(std::move(entries), after);
}

FieldErrors FindApplyConflicts(const Kind& kind, const Writer& writer, const json& before, const json& merged) {
  const FieldChanges changes = CompareFields(*kind.schema, before, merged);
  FieldErrors conflicts;
  for (const json& entry : Entries(before)) {
    if (IsOf(entry, writer, kApply)) continue;
    for (const std::string& path : CommonPaths(entry["fieldsV1"], *changes.set)) {
      const std::string using_version = StringField(entry, "operation") == kUpdate ? " using " + StringField(entry, "apiVersion") : "";
      conflicts.push_back({"FieldManagerConflict", path, "conflict with \"" + StringField(entry, "manager") + "\"" + using_version});
    }
  }
  return conflicts;
}

json Abandoned(const Kind& kind, const Writer& writer, const json& before, const json& applied) {
  json abandoned;
  const json entries = Entries(before);
  for (const json& entry : entries) {
    if (IsOf(entry, writer, kApply)) abandoned = entry["fieldsV1"];
  }
  RemoveFields(abandoned, NamedFields(*kind.schema, applied));
  for (const json& entry : entries) {
    if (!IsOf(entry, writer, kApply)) RemoveFields(abandoned, entry["fieldsV1"]);
  }
  return abandoned;
}

void RecordApply(const Kind& kind, const Writer& writer, const json& before, const json& applied, json& after) {
  const FieldChanges changes = CompareFields(*kind.schema, before, after);
  json entries = Entries(before);
  TakeFromAll(entries, changes, writer, kApply);
  json& own = OwnEntry(entries, kind, writer, kApply);
  json named = NamedFields(*kind.schema, applied);
  const bool same = own["fieldsV1"] == named && changes.set->is_null() && changes.removed->is_null();
  own["fieldsV1"] = std::move(named);
  if (!same && !writer.time.empty()) own["time"] = writer.time;
  if (own["time"] == "") own.erase("time");
  Store(std::move(entries), after);
}

}  // namespace softmig::sim
