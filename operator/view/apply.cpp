#include "view/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "view/table.hpp"

namespace softmig::view {
namespace {

using nlohmann::json;

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kAnnotations = "annotations";

const json& Member(const json& object, const std::string& key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string Compact(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What kubectl has written down of the last manifest; an empty object where there is nothing.
json LastApplied(const json& live) {
  const json& text = Member(Member(Member(live, "metadata"), kAnnotations), kLastApplied);
  if (!text.is_string()) return json::object();
  json parsed = json::parse(text.get_ref<const std::string&>(), nullptr, false);
  return parsed.is_object() ? parsed : json::object();
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the manifest, which its reader has bounded.
json Additions(const json& live, const json& manifest) {
  json patch = json::object();
  for (const auto& [key, value] : manifest.items()) {
    const json& now = Member(live, key);
    if (now == value && live.contains(key)) continue;
    if (value.is_object() && now.is_object()) {
      json inner = Additions(now, value);
      if (!inner.empty()) patch[key] = std::move(inner);
    } else {
      patch[key] = value;
    }
  }
  return patch;
}

/// Adds null for each field that was applied and is no longer in the manifest.
// NOLINTNEXTLINE(misc-no-recursion): as above.
void AddDeletions(const json& applied, const json& manifest, json& patch) {
  for (const auto& [key, value] : applied.items()) {
    if (!manifest.contains(key)) {
      patch[key] = nullptr;
    } else if (value.is_object() && manifest[key].is_object()) {
      json inner = Member(patch, key).is_object() ? patch[key] : json::object();
      AddDeletions(value, manifest[key], inner);
      if (!inner.empty()) patch[key] = std::move(inner);
    }
  }
}

/// Each entry by its name, where all have one and no name comes twice.
std::optional<json> ByName(const json& list) {
  json named = json::object();
  for (const json& item : list) {
    const json& name = Member(item, "name");
    if (!name.is_string() || named.contains(name.get<std::string>())) return std::nullopt;
    named[name.get<std::string>()] = item;
  }
  return named;
}

class Comparer {
 public:
  // NOLINTNEXTLINE(misc-no-recursion): as above.
  void Compare(const std::string& path, const json& before, const json& after) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) return CompareMembers(path, ".{}", before, after);
    if (before.is_array() && after.is_array()) return CompareLists(path, before, after);
    changes_.push_back({path, before.is_null() ? "" : Compact(before), after.is_null() ? "" : Compact(after)});
  }
  std::vector<FieldChange> Take() { return std::move(changes_); }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): as above.
  void CompareMembers(const std::string& path, const char* form, const json& before, const json& after) {
    json all = before;
    all.update(after);
    for (const auto& [key, value] : all.items())
      Compare(path + fmt::format(fmt::runtime(form), key), Member(before, key), Member(after, key));
  }

  // NOLINTNEXTLINE(misc-no-recursion): as above.
  void CompareLists(const std::string& path, const json& before, const json& after) {
    const auto named_before = ByName(before);
    const auto named_after = ByName(after);
    if (named_before && named_after) return CompareMembers(path, "[{}]", *named_before, *named_after);
    static const json kNone;
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      Compare(fmt::format("{}[{}]", path, i), i < before.size() ? before[i] : kNone, i < after.size() ? after[i] : kNone);
    }
  }

  std::vector<FieldChange> changes_;
};

json Annotations(const json& object) {
  json annotations = Member(Member(object, "metadata"), kAnnotations);
  if (annotations.is_object()) annotations.erase(kLastApplied);
  return annotations.is_object() && !annotations.empty() ? annotations : json::object();
}

json Labels(const json& object) {
  json labels = Member(Member(object, "metadata"), "labels");
  return labels.is_object() ? labels : json::object();
}

}  // namespace

std::string ApplyPatch(const json& live, const json& manifest) {
  json wanted = manifest;
  wanted.erase("status");  // the API server ignores it
  json patch = Additions(live, wanted);
  AddDeletions(LastApplied(live), wanted, patch);
  for (const char* key : {"apiVersion", "kind", "status"}) patch.erase(key);
  return Compact(patch);
}

std::vector<FieldChange> Differences(const json& before, const json& after) {
  Comparer comparer;
  comparer.Compare("metadata.annotations", Annotations(before), Annotations(after));
  comparer.Compare("metadata.labels", Labels(before), Labels(after));
  comparer.Compare("spec", Member(before, "spec"), Member(after, "spec"));
  return comparer.Take();
}

std::string ChangesText(const std::vector<FieldChange>& changes) {
  std::string text;
  for (const FieldChange& change : changes) {
    if (change.before.empty()) {
      text += fmt::format("  + {}: {}\n", Harmless(change.path), Harmless(change.after));
    } else if (change.after.empty()) {
      text += fmt::format("  - {}: {}\n", Harmless(change.path), Harmless(change.before));
    } else {
      text += fmt::format("  ~ {}: {} -> {}\n", Harmless(change.path), Harmless(change.before), Harmless(change.after));
    }
  }
  return text;
}

}  // namespace softmig::view
