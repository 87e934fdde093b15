// Routes that the operator would make: what pre-flight would find in them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lint/check.hpp"
#include "routers/router_set.hpp"

namespace softmig::lint {
namespace {

void Look(const model::RouteState& state, const std::string& path, std::vector<Finding>& findings) {
  for (const model::RouteProblem& problem : state.problems) findings.push_back({Rule::kTemplateProblem, path, problem.message});
  for (const model::ComponentTraffic& traffic : state.components) {
    for (const model::RouteProblem& problem : traffic.problems) findings.push_back({Rule::kTemplateProblem, path, problem.message});
    if (!traffic.problems.empty() || !traffic.any_target) continue;
    findings.push_back(
        {Rule::kTemplateSendsToTarget, path,
         fmt::format("component {}: the route would send users to the target before anything is judged", traffic.component)});
  }
}

}  // namespace

std::vector<Finding> CheckTemplates(const model::Spec& spec, const std::string& ns) {
  const routers::RouterSet router;
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < spec.routes.size(); ++i) {
    const model::RouteRef& route = spec.routes[i];
    if (route.manifest.empty()) continue;
    const std::string path = fmt::format("spec.routes[{}].gatewayAPI.template.spec.rules", i);
    const auto made = router.Make({{}, spec.legacy, spec.target, route.name, {}}, spec, route, ns);
    if (made) Look(router.Observe(*made, spec, route), path, findings);
  }
  return findings;
}

}  // namespace softmig::lint
