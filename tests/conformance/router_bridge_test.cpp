#include "router_conformance.hpp"
#include "routers/bridge/bridge_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<BridgeRouter>(); }

/// A bridge as it is before anybody has steered it, with an agent that has its routes.
json ConfigMap(const model::Spec& spec) {
  const std::string rds = FirstRoutes(spec, Web());
  json object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}};
  object["data"] = {{"rds.json", rds}, {"agent.json", "{}"}};
  object["status"]["agents"] = json::array({HashOfRoutes(rds)});
  return object;
}

model::ComponentSpec ByMatches(const std::string& name, const std::string& matches) {
  model::ComponentSpec component;
  component.name = name;
  component.rules.push_back({"web", std::nullopt, matches});
  return component;
}

RouterCase CaseOf(const std::string& name, const model::Spec& spec) {
  return {name, MakeRouter, ConfigMap(spec), spec, Web(), "data", false};
}

INSTANTIATE_TEST_SUITE_P(Bridge, RouterConformance,
                         ::testing::Values(CaseOf("BridgeWhole", SpecOf({Component("all")}, {Flag("x-beta", "1")})),
                                           CaseOf("BridgeByMatches",
                                                  SpecOf({ByMatches("refunds",
                                                                    R"([{"method":"GET","path":{"type":"Exact","value":"/refunds"}},)"
                                                                    R"({"path":{"type":"PathPrefix","value":"/refunds/"}}])"),
                                                          ByMatches("rest", R"([{"path":{"type":"PathPrefix","value":"/"}}])")},
                                                         {Flag("X-Team", "a=<b>,c")}))),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace softmig::routers::testing
