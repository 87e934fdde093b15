#pragma once

#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {

/// As ClassifyRef; a port by its name is taken for the side's, since only the Service knows which number it has.
Backend ClassifyTraefikService(const nlohmann::json& ref, const Sides& sides);
/// Traefik's entries have no matches: none of them can be named.
std::string NoMatches(const nlohmann::json& matches);

/// Traefik takes a weight that is not given for 1, and leaves out what has 0.
inline constexpr RouteDialect kTraefikDialect{.api_version = "traefik.io/v1alpha1",
                                              .kind = "TraefikService",
                                              .a_kind = "a TraefikService",
                                              .steered = {"f:spec", "f:weighted"},
                                              .list = "weighted",
                                              .one_rule = true,
                                              .matches = "matches",
                                              .backends = "services",
                                              .canonical = NoMatches,
                                              .acceptance = AcceptedAsWritten,
                                              .reports_acceptance = false,
                                              .classify = ClassifyTraefikService,
                                              .new_backend = NewService,
                                              .names = false,
                                              .flags = false,
                                              .plain_weight = 1,
                                              .all_zero = AllZero::kNobody};

/// Traefik's TraefikService: its weighted services, as one rule that all users are on. What it says of stickiness stays.
class TraefikServiceRouter final : public RuleListRouter {
 public:
  TraefikServiceRouter() : RuleListRouter(kTraefikDialect) {}
};

}  // namespace softmig::routers
