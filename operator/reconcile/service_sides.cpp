#include "reconcile/service_sides.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::reconcile {
namespace {

using nlohmann::json;

/// Null where the Service or its port is not there.
json SideOf(const Cache& cache, const std::string& ns, const model::Side& side) {
  const auto service = cache.services().Get({ns, side.service});
  if (!service) return nullptr;
  const auto port = service->target_ports.find(side.port);
  if (port == service->target_ports.end()) return nullptr;
  return {{"selector", service->selector}, {"targetPort", port->second}};
}

}  // namespace

json SidesOf(const Cache& cache, const Migration& migration, const model::RouteRef& route) {
  const std::string& ns = migration.meta.key.ns;
  json sides = {{"legacy", SideOf(cache, ns, migration.spec->legacy)}, {"target", SideOf(cache, ns, migration.spec->target)}};
  const auto saved = std::ranges::find(migration.status.routes, route.name, &model::SavedRoute::name);
  if (saved != migration.status.routes.end()) sides["saved"] = saved->saved;
  return sides;
}

}  // namespace softmig::reconcile
