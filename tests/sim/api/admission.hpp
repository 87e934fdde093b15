// From a request's object to the object that is stored.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sim/api/managed_fields.hpp"
#include "sim/api/refusal.hpp"

namespace softmig::sim {

/// What the server itself puts into an object.
struct Stamp {
  std::string time;  ///< RFC 3339, whole seconds
  std::string uid;   ///< for a new object
  std::string cluster_ip;
};

/// A server-side apply.
struct Applied {
  const nlohmann::json& configuration;
  bool changes_values;  ///< false: it is about ownership only
};

/// The new object without its resourceVersion. Records the writer in managedFields unless the object was `applied`.
Outcome<nlohmann::json> AdmitCreate(const Call& call, const Stamp& stamp, nlohmann::json object, const Applied* applied);

/// The object after the update, still with the old resourceVersion; equal to `old` where nothing changes. `object` is the whole
/// candidate; call.subresource says which part of it counts.
Outcome<nlohmann::json> AdmitUpdate(const Call& call, const Stamp& stamp, const nlohmann::json& old, nlohmann::json object,
                                    const Applied* applied);

/// deletionTimestamp is set.
bool IsDeleting(const nlohmann::json& object);
bool HasFinalizers(const nlohmann::json& object);

}  // namespace softmig::sim
