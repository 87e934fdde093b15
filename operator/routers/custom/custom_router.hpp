#pragma once

#include "routers/gatewayapi/json_view.hpp"
#include "routers/untemplated_router.hpp"

namespace softmig::routers {

/// Any field of the spec: which one it is, is the migration's word.
inline constexpr SteeredField kCustomField{"f:spec", nullptr};

/// Steers an object of any kind by two weights, whose places the migration names as JSON pointers. Each weight must stand beside a word
/// that says whose it is: where that word is not the Service's any more (somebody has put the entries in another order) nothing is written.
/// All users are on the object: there are no components, no header flags and no templates. Stateless, thread-safe, never throws.
class CustomRouter final : public UntemplatedRouter {
 public:
  /// Acceptance is reported where the route says where to look for it; else what is written counts as accepted.
  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  /// kInvalid where a weight is missing, or is somebody else's.
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  /// A weight that is gone, or somebody else's by now, is left.
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;
};

}  // namespace softmig::routers
