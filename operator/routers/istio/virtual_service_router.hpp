#pragma once

#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {

/// The `match` of an http route in the words of an HTTPRoute's matches, as model::CanonicalMatches gives them; empty where an HTTPRoute has
/// no words for it (`authority`, `withoutHeaders`, a prefix of a header, …). Never throws.
std::string CanonicalIstioMatches(const nlohmann::json& match);
/// Istio says nothing by default. Where it was told to write a status, a condition Reconciled that is not True holds.
AcceptanceReport ReadVirtualServiceAcceptance(const nlohmann::json& object);
/// Whose a destination is: its host is a Service's name, or NAME.NAMESPACE.svc.DOMAIN, as Istio reads hosts; its port is the side's or not
/// given; whatever its subset.
Backend ClassifyDestination(const nlohmann::json& destination, const Sides& sides);
/// Its host is the Service's name, which Istio looks up in the VirtualService's namespace.
nlohmann::json NewDestination(const model::Side& side, int weight);

/// Istio takes a weight that is not given for 0, gives a single destination everything, and refuses several whose weights are all 0. The
/// first http route that matches gets the request, so a rule of our own would have to be put before the user's.
inline constexpr RouteDialect kVirtualServiceDialect{.api_version = "networking.istio.io/v1",
                                                     .kind = "VirtualService",
                                                     .a_kind = "a VirtualService",
                                                     .steered = {"f:spec", "f:http"},
                                                     .list = "http",
                                                     .one_rule = false,
                                                     .matches = "match",
                                                     .backends = "route",
                                                     .canonical = CanonicalIstioMatches,
                                                     .acceptance = ReadVirtualServiceAcceptance,
                                                     .reports_acceptance = false,
                                                     .classify = ClassifyDestination,
                                                     .new_backend = NewDestination,
                                                     .names = true,
                                                     .flags = false,
                                                     .plain_weight = 0,
                                                     .all_zero = AllZero::kIfAlone};

/// Istio's VirtualService: its http routes. Those that redirect or hand over to another VirtualService are left as they are, and so are
/// mirrors, tcp and tls.
class VirtualServiceRouter final : public RuleListRouter {
 public:
  VirtualServiceRouter() : RuleListRouter(kVirtualServiceDialect) {}
};

}  // namespace softmig::routers
