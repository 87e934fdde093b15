#pragma once

#include <string>
#include <vector>

#include "routers/gatewayapi/json_view.hpp"
#include "routers/untemplated_router.hpp"

namespace softmig::routers {

inline constexpr const char* kCanary = "nginx.ingress.kubernetes.io/canary";
inline constexpr const char* kCanaryWeight = "nginx.ingress.kubernetes.io/canary-weight";
inline constexpr const char* kCanaryTotal = "nginx.ingress.kubernetes.io/canary-weight-total";
inline constexpr SteeredField kCanaryField{"f:metadata", "f:annotations", "f:nginx.ingress.kubernetes.io/canary-weight"};
/// All that are read.
inline std::vector<std::string> CanaryAnnotations() { return {kCanary, kCanaryWeight, kCanaryTotal}; }

/// Steers a canary Ingress of ingress-nginx, or of whoever reads its annotations: one number, how much of the traffic goes to it. The rest
/// goes to an Ingress that serves legacy, which is nobody's business here. Annotations for headers and cookies are left as they are.
/// Stateless, thread-safe, never throws.
class CanaryIngressRouter final : public UntemplatedRouter {
 public:
  /// Nobody says that an annotation has been taken over.
  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  /// kInvalid where the Ingress is no canary.
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  /// kInvalid where there are no annotations any more, and for a weight between 0 and 100 that canary-weight-total cannot express.
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;
};

}  // namespace softmig::routers
