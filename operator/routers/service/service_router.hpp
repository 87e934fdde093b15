#pragma once

#include "routers/gatewayapi/json_view.hpp"
#include "routers/untemplated_router.hpp"

namespace softmig::routers {

inline constexpr SteeredField kServiceField{"f:spec", "f:selector"};

/// Switches the selector of a Service between legacy's and the target's. A selector knows no shares: everybody is on one side or on the
/// other. Stateless, thread-safe, never throws.
///
/// What the two sides select is no part of the object. Who reads it puts it into `status.sides`:
/// {"legacy": {"selector", "targetPort"}, "target": likewise, "saved": what Save gave, where the Service is adopted}. A side is absent
/// where its Service or its port is; then a rollback falls back on what was saved.
class ServiceRouter final : public UntemplatedRouter {
 public:
  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  /// kInvalid where the Service has no selector: its endpoints are somebody's own.
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  /// kInvalid for a weight between 0 and 100, where the Service has no selector, and where nobody knows what the wanted side selects.
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  /// A selector that is gone is left.
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;
};

}  // namespace softmig::routers
