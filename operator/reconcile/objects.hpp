#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kube/core/object.hpp"
#include "model/codec.hpp"

namespace softmig::reconcile {

/// A SoftMigration as the store keeps it: parsed once per change, never as raw JSON.
struct Migration {
  kube::ObjectMeta meta;
  std::shared_ptr<const model::Spec> spec;  ///< in the cache the same object as long as it is equal; null where errors is not empty
  std::vector<model::FieldError> errors;
  model::Status status;
};
Migration ProjectMigration(const nlohmann::json& object);

/// An HTTPRoute reduced to what routers read: spec, conditions, who owns spec.rules, and the mark of a template.
struct RouteObject {
  kube::ObjectMeta meta;
  nlohmann::json object;
};
RouteObject ProjectRoute(const nlohmann::json& object);

struct ServiceView {
  std::vector<int> ports;
};
ServiceView ProjectService(const nlohmann::json& object);

/// One EndpointSlice: how many of its endpoints are ready.
struct SliceView {
  std::string service;
  int ready = 0;
};
SliceView ProjectSlice(const nlohmann::json& object);

}  // namespace softmig::reconcile
