#include <gmock/gmock.h>

#include "routers/router_set.hpp"
#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using model::RouteKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json Selecting(const std::string& name, const std::string& pods, const std::string& version = "20") {
  json service = ServiceJson(name);
  service["kind"] = "Service";
  service["metadata"].update({{"uid", "uid-" + name}, {"resourceVersion", version}});
  service["spec"]["selector"] = {{"pods", pods}};
  return service;
}

json SwitchedMigrationJson() {
  json migration = MigrationJson("inside");
  migration["spec"]["routes"] = json::array({{{"name", "web"}, {"service", {{"name", "shop"}}}}});
  migration["spec"]["plan"]["shift"]["steps"] = json::array({{{"weight", 100}}});
  return migration;
}

/// A migration that switches the Service `shop`.
struct ServiceWorld {
  explicit ServiceWorld(fakes::FakeTransport::Handler api = {}) : world(std::move(api)) {
    Fill(world.cache.services(), {Selecting("old", "1"), Selecting("new", "2"), Selecting("shop", "1")});
    Fill(world.cache.StoreOf(RouteKind::kService), {Selecting("shop", "1")});
    Fill(world.cache.migrations(), {SwitchedMigrationJson()});
    world.woken.clear();
  }
  [[nodiscard]] const Migration& migration() { return world.migration("inside"); }
  [[nodiscard]] model::ComponentTraffic Seen() {
    return std::get<model::RouteState>(gatherer.Gather(migration()).routes.at("web").state).components.at(0);
  }

  World world;
  routers::RouterSet router;
  Executor executor{{world.client, router, world.cache, world.fence, world.migrations, world.routes}};
  Gatherer gatherer{world.cache, world.poller, router, kFinalizer};
};

TEST(ServiceRoute, IsSwitchedToWhatTheTargetSelects) {
  ServiceWorld service([](const http::Request&) { return Answer(200, Selecting("shop", "2", "21")); });
  const decide::ApplyTraffic all{"web", {{"all", base::Percent::Of(100), false}}};
  ASSERT_TRUE(service.executor.Do(service.migration(), all).has_value());
  const auto requests = service.world.transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0].url, HasSubstr("/api/v1/namespaces/shop/services/shop?"));
  EXPECT_EQ(Selecting("shop", "1").patch(json::parse(requests[0].body)), Selecting("shop", "2"));
  EXPECT_EQ(service.Seen().weight, base::Percent::Of(100)) << "what was written is known";
}

TEST(ServiceRoute, IsReadAgainWhenASideSelectsOtherPods) {
  ServiceWorld service;
  EXPECT_EQ(service.Seen().weight, base::Percent::Of(0));
  service.world.cache.services().OnApplied(Selecting("old", "1.1"));
  EXPECT_THAT(service.world.woken, ElementsAre("shop/inside"));
  EXPECT_EQ(service.Seen().weight, std::nullopt);
  EXPECT_EQ(service.Seen().problems.at(0).reason, "ForeignBackend");
}

TEST(ServiceRoute, IsTakenBackAfterLegacysServiceIsGone) {
  ServiceWorld service([](const http::Request&) { return Answer(200, Selecting("shop", "1", "22")); });
  json adopted = SwitchedMigrationJson();
  adopted["status"]["routes"] = json::array({{{"name", "web"}, {"uid", "uid-shop"}, {"saved", R"({"selector":{"pods":"1"}})"}}});
  service.world.cache.migrations().OnApplied(adopted);
  service.world.cache.StoreOf(RouteKind::kService).OnApplied(Selecting("shop", "2", "21"));
  service.world.cache.services().OnDeleted(Selecting("old", "1"));
  EXPECT_EQ(service.Seen().weight, base::Percent::Of(100));
  const decide::ApplyTraffic none{"web", {{"all", base::Percent::Of(0), false}}};
  ASSERT_TRUE(service.executor.Do(service.migration(), none).has_value());
  ASSERT_EQ(service.world.transport.requests().size(), 1U);
  EXPECT_EQ(Selecting("shop", "2").patch(json::parse(service.world.transport.requests()[0].body)), Selecting("shop", "1"));
  EXPECT_EQ(service.Seen().weight, base::Percent::Of(0));
}

}  // namespace
}  // namespace softmig::reconcile
