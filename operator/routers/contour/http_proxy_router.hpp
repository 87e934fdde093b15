#pragma once

#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {

/// The conditions of an HTTPProxy's route in the words of an HTTPRoute's matches, as model::CanonicalMatches gives them; empty where an
/// HTTPRoute has no words for them (`contains`, `notpresent`, …). Never throws.
std::string CanonicalConditions(const nlohmann::json& conditions);
/// What Contour says of the present generation: its condition Valid.
AcceptanceReport ReadProxyAcceptance(const nlohmann::json& object);

/// Contour takes a weight that is not given for 0, and where all weights of a route are 0 sends to its Services in equal parts.
inline constexpr RouteDialect kProxyDialect{.api_version = "projectcontour.io/v1",
                                            .kind = "HTTPProxy",
                                            .a_kind = "an HTTPProxy",
                                            .steered = {"f:spec", "f:routes"},
                                            .list = "routes",
                                            .one_rule = false,
                                            .matches = "conditions",
                                            .backends = "services",
                                            .canonical = CanonicalConditions,
                                            .acceptance = ReadProxyAcceptance,
                                            .reports_acceptance = true,
                                            .classify = ClassifyRef,
                                            .new_backend = NewService,
                                            .names = false,
                                            .flags = false,
                                            .plain_weight = 0,
                                            .all_zero = AllZero::kEqualParts};

/// Contour's HTTPProxy. Services that only get copies (`mirror`) are left as they are, and so is what the object includes.
class HttpProxyRouter final : public RuleListRouter {
 public:
  HttpProxyRouter() : RuleListRouter(kProxyDialect) {}
};

}  // namespace softmig::routers
