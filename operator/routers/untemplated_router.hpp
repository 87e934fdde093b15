#pragma once

#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// A router of objects that are only ever the user's own.
class UntemplatedRouter : public TrafficRouter {
 public:
  /// kInvalid: there are no templates.
  [[nodiscard]] base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                  const std::string& ns) const override;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const nlohmann::json& object) const override;
};

/// One pair of weights is there for everybody: each component with rules on the route has this traffic.
void SetForAll(const model::ComponentTraffic& traffic, const model::Spec& spec, const model::RouteRef& route, model::RouteState& state);

/// `saved` as Save gives it; kInvalid where that is longer than kMaxSaved. `what` of the route it is, for the message.
base::Result<std::string> SavedText(const nlohmann::json& saved, const std::string& what, const model::RouteRef& route);

}  // namespace softmig::routers
