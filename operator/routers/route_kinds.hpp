#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "kube/core/object.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// All that is particular to one kind of route. A new one is a value of model::RouteKind, a folder beside this file, and a row.
struct RouteKindRow {
  model::RouteKind kind = model::RouteKind::kHttpRoute;
  kube::ResourceType type;
  std::string label;                     ///< only objects with this label are of interest; empty: all
  std::vector<const char*> members;      ///< of the object that the router reads, besides its metadata
  std::vector<std::string> annotations;  ///< those that are read
  SteeredField steered;                  ///< what it steers by
  std::unique_ptr<TrafficRouter> (*make)() = nullptr;
};

/// Names the row: model::KindId of its routes.
std::string IdOf(const RouteKindRow& row);
/// For custom routes to objects of this type.
RouteKindRow CustomRow(const kube::ResourceType& type);
/// One row for each kind but custom ones, of which an operator may have any number.
std::span<const RouteKindRow> RouteKinds();
/// REQUIRES: kind is not kCustom.
const RouteKindRow& RowOf(model::RouteKind kind);

/// The route's spec names the Service with a port or as a host, be it with weight 0 or for copies: users may come to it that way.
bool MayLeadTo(const nlohmann::json& object, const kube::ObjectKey& service);

}  // namespace softmig::routers
