#pragma once

#include "routers/gatewayapi/gateway_router.hpp"

namespace softmig::routers {

/// An HTTPRoute.
class HttpRouteRouter final : public GatewayRouter {
 public:
  HttpRouteRouter() : GatewayRouter(kHttpDialect) {}
};

}  // namespace softmig::routers
