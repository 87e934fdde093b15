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

}  // namespace softmig::routers
