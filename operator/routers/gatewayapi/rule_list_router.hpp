#pragma once

#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// Steers traffic in an object that is a list of rules with weighted backends, as the Gateway API's routes are, a user's own or one made
/// from a template. Rules of our own exist only for header flags; their names begin with "softmig-". Stateless, thread-safe, never throws.
class RuleListRouter : public TrafficRouter {
 public:
  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;

  /// A rollback must always be possible: backends of others are left as they are, claimed rules that are gone or send to neither side any
  /// more are skipped, and flags that cannot be added are left out. kInvalid only where nothing of the intent is on the route.
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;

  [[nodiscard]] base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                  const std::string& ns) const override;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const nlohmann::json& object) const override;

  /// A rule is found again by its name, or by its matches where it had none. kInvalid where `saved` was not written by Save.
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;

 protected:
  explicit RuleListRouter(const RouteDialect& dialect) : dialect_(dialect) {}

 private:
  const RouteDialect& dialect_;
};

/// Limits of the Gateway API's schemas.
inline constexpr std::size_t kMaxRules = 16;
inline constexpr std::size_t kMaxMatches = 128;  ///< over all rules of a route

}  // namespace softmig::routers
