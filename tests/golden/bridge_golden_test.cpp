#include <gtest/gtest.h>

#include "golden_files.hpp"
#include "model/codec.hpp"
#include "routers/bridge/bridge_files.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/bridge/bridge_router.hpp"

/// Each tests/golden/bridge/*.json holds a spec with endpoints of both sides, and what came of it when last reviewed: `files` of the
/// ConfigMap and `objects`. SOFTMIG_REWRITE=1 writes the files anew; review them as a diff.
namespace softmig::routers::testing {
namespace {

using nlohmann::json;

std::vector<BridgeEndpoint> ReadEndpoints(const json& list) {
  std::vector<BridgeEndpoint> endpoints;
  for (const json& one : list) endpoints.push_back({one.at(0).get<std::string>(), one.at(1).get<int>()});
  return endpoints;
}

json Evaluate(json golden) {
  const auto parsed = model::ParseSpec(golden.at("spec"));
  EXPECT_TRUE(parsed.errors.empty()) << (parsed.errors.empty() ? "" : parsed.errors.front().path);
  const model::RouteRef& route = parsed.spec.routes.front();
  const BridgePlan plan{parsed.spec, route, golden["spec"].value("compare", json()).dump(), ReadEndpoints(golden.at("legacy")),
                        ReadEndpoints(golden.at("target"))};
  auto files = BridgeFiles(plan);
  files["rds.json"] = FirstRoutes(parsed.spec, route);
  golden["files"] = json::object();
  for (const auto& [name, text] : files) golden["files"][name] = json::parse(text);
  const BridgeOwner owner{"shop", "payments", "uid-1"};
  golden["objects"] = BridgeObjects(owner, route, {"registry.example.com/envoy:v1", "registry.example.com/softmigration:v1"});
  return golden;
}

TEST(BridgeGolden, EveryFileIsWhatIsRendered) { softmig::testing::ExpectGoldenFiles("bridge", 3, Evaluate); }

}  // namespace
}  // namespace softmig::routers::testing
