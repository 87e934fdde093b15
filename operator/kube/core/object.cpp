#include "kube/core/object.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

bool IsDecimal(std::string_view text) {
  if (text.empty() || text.front() == '0') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ObjectKey::ToString() const { return ns + "/" + name; }

std::string ResourceType::ApiVersion() const { return group.empty() ? version : group + "/" + version; }

ObjectMeta ParseMeta(const nlohmann::json& object) {
  const nlohmann::json& metadata = Child(object, "metadata");
  ObjectMeta meta;
  meta.key = {StringField(metadata, "namespace"), StringField(metadata, "name")};
  meta.uid = StringField(metadata, "uid");
  meta.resource_version = StringField(metadata, "resourceVersion");
  meta.generation = IntField(metadata, "generation");
  meta.deleting = !Child(metadata, "deletionTimestamp").is_null();
  const nlohmann::json& finalizers = Child(metadata, "finalizers");
  if (!finalizers.is_array()) return meta;
  for (const nlohmann::json& finalizer : finalizers) {
    if (finalizer.is_string()) meta.finalizers.push_back(finalizer.get<std::string>());
  }
  return meta;
}

std::partial_ordering CompareResourceVersions(std::string_view a, std::string_view b) {
  if (!IsDecimal(a) || !IsDecimal(b)) return std::partial_ordering::unordered;
  if (a.size() != b.size()) return a.size() <=> b.size();
  const int order = a.compare(b);
  return order <=> 0;
}

}  // namespace softmig::kube
