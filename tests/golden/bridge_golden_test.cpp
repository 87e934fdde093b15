#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/codec.hpp"
#include "routers/bridge/bridge_files.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/bridge/bridge_router.hpp"

/// Each tests/golden/bridge/*.json holds a spec with endpoints of both sides, and what came of it when last reviewed: `files` of the
/// ConfigMap and `objects`. SOFTMIG_REWRITE=1 writes the files anew; review them as a diff.
namespace softmig::routers::testing {
namespace {

namespace fs = std::filesystem;
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

TEST(BridgeGolden, EveryFileIsWhatIsRendered) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
  const bool rewrite = std::getenv("SOFTMIG_REWRITE") != nullptr;
  int count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SOFTMIG_SOURCE_DIR) / "tests/golden/bridge")) {
    if (entry.path().extension() != ".json") continue;
    ++count;
    std::ifstream stream(entry.path());
    const json expected = json::parse(stream);
    const json actual = Evaluate(expected);
    if (rewrite) {
      std::ofstream(entry.path()) << actual.dump(2) << "\n";
    } else {
      EXPECT_EQ(actual, expected) << entry.path() << "\n" << json::diff(expected, actual).dump(2);
    }
  }
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace softmig::routers::testing
