#pragma once

#include <map>
#include <memory>

#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// One router for all kinds of routes (route_kinds.hpp): the spec's RouteRef says which, and of an object its own `kind`; one that is in no
/// row is a custom route's.
class RouterSet final : public TrafficRouter {
 public:
  RouterSet();

  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  /// kInvalid where the object has no kind, as with Restore.
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  [[nodiscard]] base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                  const std::string& ns) const override;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const nlohmann::json& object) const override;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;

 private:
  [[nodiscard]] const TrafficRouter& For(const model::RouteRef& route) const;
  [[nodiscard]] const TrafficRouter* For(const nlohmann::json& object) const;

  std::map<model::RouteKind, std::unique_ptr<const TrafficRouter>> routers_;
};

}  // namespace softmig::routers
