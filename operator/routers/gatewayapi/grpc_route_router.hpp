#pragma once

#include "routers/gatewayapi/gateway_router.hpp"

namespace softmig::routers {

/// A GRPCRoute: its rules go by their names.
class GrpcRouteRouter final : public GatewayRouter {
 public:
  GrpcRouteRouter() : GatewayRouter(kGrpcDialect) {}
};

}  // namespace softmig::routers
