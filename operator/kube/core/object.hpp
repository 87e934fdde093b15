#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace softmig::kube {

/// Namespace and name: what the work queue carries. Value type, ordered, hashable.
struct ObjectKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  /// "ns/name".
  [[nodiscard]] std::string ToString() const;
};

/// A kind of object as the API server serves it.
struct ResourceType {
  std::string group;  ///< empty for the core group
  std::string version;
  std::string plural;                            ///< "httproutes"
  std::string kind;                              ///< "HTTPRoute"
  [[nodiscard]] std::string ApiVersion() const;  ///< "group/version" or "v1"
  auto operator<=>(const ResourceType&) const = default;
};

/// The part of metadata we use. Strings are as the server sent them.
struct ObjectMeta {
  ObjectKey key;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  bool deleting = false;  ///< deletionTimestamp is set
  std::vector<std::string> finalizers;
};

/// kube metadata of any object; missing fields stay empty.
ObjectMeta ParseMeta(const nlohmann::json& object);

/// Compares two resourceVersions as the decimal numbers that they are by contract (longer is newer, then by text).
/// Anything that is not a positive decimal without leading zero is `unordered`.
std::partial_ordering CompareResourceVersions(std::string_view a, std::string_view b);

}  // namespace softmig::kube

template <>
struct std::hash<softmig::kube::ObjectKey> {
  std::size_t operator()(const softmig::kube::ObjectKey& key) const noexcept {
    return std::hash<std::string>()(key.ns) * 31 + std::hash<std::string>()(key.name);
  }
};
