#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kube/core/object.hpp"
#include "model/codec.hpp"
#include "routers/route_kinds.hpp"

namespace softmig::reconcile {

/// A SoftMigration as the store keeps it: parsed once per change, never as raw JSON.
struct Migration {
  kube::ObjectMeta meta;
  std::shared_ptr<const model::Spec> spec;  ///< in the cache the same object as long as it is equal; null where errors is not empty
  std::vector<model::FieldError> errors;
  model::Status status;
  std::string compare;  ///< spec.compare as JSON, which a bridge's agent is told; empty: none
};
Migration ProjectMigration(const nlohmann::json& object);
/// All users are on the target for good and the routes are the user's again.
bool IsAtRest(const Migration& migration, const std::string& finalizer);

/// A route's object, reduced to what its router and the keeper of bridges read: its row of the table says what that is.
struct RouteObject {
  kube::ObjectMeta meta;
  nlohmann::json object;
};
RouteObject ProjectRoute(const routers::RouteKindRow& row, const nlohmann::json& object);

struct ServiceView {
  std::map<int, std::string> ports;              ///< their names, which are empty where there is only one
  std::map<int, nlohmann::json> target_ports{};  ///< of its pods, by the same numbers: a number or a name
  nlohmann::json selector{};                     ///< null where there is none
};
ServiceView ProjectService(const nlohmann::json& object);

/// One EndpointSlice: how many of its endpoints are ready.
struct SliceView {
  std::string service;
  int ready = 0;
  std::vector<std::string> addresses;  ///< of those that are ready, one each
  std::map<std::string, int> ports;    ///< by name
};
/// Without addresses and ports: most slices of a cluster are no migration's.
SliceView ProjectSlice(const nlohmann::json& object);
SliceView ProjectWholeSlice(const nlohmann::json& object);

}  // namespace softmig::reconcile
