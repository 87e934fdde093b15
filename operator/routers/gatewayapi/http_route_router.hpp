#pragma once

#include "routers/gatewayapi/rule_list_router.hpp"

namespace softmig::routers {

/// An HTTPRoute.
class HttpRouteRouter final : public RuleListRouter {
 public:
  HttpRouteRouter() : RuleListRouter(kHttpDialect) {}
};

}  // namespace softmig::routers
