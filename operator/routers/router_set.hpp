#pragma once

#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// One router for all kinds of routes: the spec's RouteRef says which, and of an object its own `kind` (a ConfigMap is a bridge's).
/// Can do what all of them can.
class RouterSet final : public TrafficRouter {
 public:
  /// Both must outlive it.
  RouterSet(const TrafficRouter& http_routes, const TrafficRouter& bridges) : http_routes_(http_routes), bridges_(bridges) {}

  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  [[nodiscard]] base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                  const std::string& ns) const override;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const nlohmann::json& object) const override;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;

 private:
  [[nodiscard]] const TrafficRouter& For(const model::RouteRef& route) const;
  [[nodiscard]] const TrafficRouter& For(const nlohmann::json& object) const;

  const TrafficRouter& http_routes_;
  const TrafficRouter& bridges_;
};

}  // namespace softmig::routers
