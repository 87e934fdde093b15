#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconcile/cache.hpp"

namespace softmig::reconcile {

/// What both sides of a migration select, as routers::ServiceRouter wants to find it in `status.sides` of the Service that it switches.
nlohmann::json SidesOf(const Cache& cache, const Migration& migration, const model::RouteRef& route);

}  // namespace softmig::reconcile
