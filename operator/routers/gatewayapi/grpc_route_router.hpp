#pragma once

#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {

/// A GRPCRoute: its rules go by their names.
class GrpcRouteRouter final : public RuleListRouter {
 public:
  GrpcRouteRouter() : RuleListRouter(kGrpcDialect) {}
};

}  // namespace softmig::routers
