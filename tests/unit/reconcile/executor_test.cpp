#include <gmock/gmock.h>

#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::HasSubstr;

decide::ApplyTraffic ToTen() { return {"web", {{"all", base::Percent::Of(10), false}}}; }

model::Status Next(const Migration& migration) {
  model::Status next = migration.status;
  next.phase = model::Phase::kShift;
  return next;
}

TEST(Executor, CommitsStatusGuardedByTheVersionItWasDecidedOn) {
  World world([](const http::Request&) { return Answer(200, MigrationJson()); });
  ASSERT_TRUE(world.executor.Commit(world.migration(), Next(world.migration())).has_value());
  const auto requests = world.transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0].url, HasSubstr("/namespaces/shop/softmigrations/payments/status"));
  const json body = json::parse(requests[0].body);
  EXPECT_EQ(body["metadata"]["resourceVersion"], "10");
  EXPECT_EQ(body["status"]["phase"], "Shift");
}

TEST(Executor, TheCacheKnowsAWriteBeforeTheWatchTellsOfIt) {
  World world([](const http::Request& request) {
    json answer = request.url.find("httproutes") == std::string::npos ? MigrationJson() : RouteJson();
    answer["metadata"]["resourceVersion"] = "777";
    return Answer(200, answer);
  });
  ASSERT_TRUE(world.executor.Commit(world.migration(), Next(world.migration())).has_value());
  EXPECT_EQ(world.migration().meta.resource_version, "777");
  EXPECT_EQ(world.woken, std::vector<std::string>{"shop/payments"});
}

TEST(Executor, CommitsOnANewerVersionWhereNothingThatMatteredChanged) {
  int patches = 0;
  World world([&](const http::Request& request) {
    json live = MigrationJson();
    live["metadata"]["resourceVersion"] = "11";
    live["metadata"]["labels"] = {{"touched", "yes"}};
    if (request.method == http::Method::kGet) return Answer(200, live);
    return ++patches == 1 ? Refused(409, "Conflict") : Answer(200, live);
  });
  EXPECT_TRUE(world.executor.Commit(world.migration(), Next(world.migration())).has_value());
  EXPECT_EQ(json::parse(world.transport.requests().back().body)["metadata"]["resourceVersion"], "11");
}

TEST(Executor, LeavesACommitToTheNextPassWhereTheSpecChanged) {
  World world([&](const http::Request& request) {
    json live = MigrationJson();
    live["metadata"]["generation"] = 2;
    return request.method == http::Method::kGet ? Answer(200, live) : Refused(409, "Conflict");
  });
  const auto committed = world.executor.Commit(world.migration(), Next(world.migration()));
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(world.transport.requests().size(), 2U);
}

TEST(Executor, ACommitTakesAwayWhatTheNewStatusNoLongerHas) {
  World world([](const http::Request&) { return Answer(200, MigrationJson()); });
  json object = MigrationJson();
  model::Status status;
  status.routes = {{"web", "uid-route", "{}"}};
  status.last_rollback = model::RollbackRecord{};
  status.last_rollback->verified_at = base::WallTime(base::Millis(1'000));
  object["status"] = model::ToJson(status);
  world.cache.migrations().OnApplied(object);
  model::Status next = world.migration().status;
  next.routes.clear();
  next.last_rollback->verified_at.reset();
  ASSERT_TRUE(world.executor.Commit(world.migration(), next).has_value());
  object.merge_patch(json::parse(world.transport.requests().at(0).body));
  EXPECT_EQ(model::ParseStatus(object["status"]), next);
}

TEST(Executor, SendsNothingOnceTheLeaseMayBeLost) {
  World world([](const http::Request&) { return Answer(200, RouteJson()); });
  world.clock.Advance(std::chrono::hours(2));
  for (const decide::Action& action : std::vector<decide::Action>{decide::AddFinalizer{}, ToTen()}) {
    const auto done = world.executor.Do(world.migration(), action);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, base::ErrorCode::kFenced);
  }
  EXPECT_FALSE(world.executor.Commit(world.migration(), Next(world.migration())).has_value());
  EXPECT_TRUE(world.transport.requests().empty());
}

TEST(Executor, PatchesTheRouteAndRemembersItsVersion) {
  World world([](const http::Request&) { return Answer(200, RouteJson(10, "21")); });
  ASSERT_EQ(world.executor.Do(world.migration(), ToTen()), Written::kSomething);
  const json patched = json::parse(RouteJson().dump()).patch(json::parse(world.transport.requests().at(0).body));
  EXPECT_EQ(patched["spec"], RouteJson(10)["spec"]);
  const kube::ObjectKey key = RouteKey("shop", world.migration().spec->routes.front());
  EXPECT_FALSE(world.routes.CaughtUp(key, "uid-route", "20"));
  EXPECT_TRUE(world.routes.CaughtUp(key, "uid-route", "21"));
}

TEST(Executor, ReadsTheRouteAgainWhereSomebodyWasFirst) {
  int patches = 0;
  World world([&](const http::Request& request) {
    if (request.method == http::Method::kGet) return Answer(200, RouteJson(40, "25"));
    return ++patches == 1 ? Refused(409, "Conflict") : Answer(200, RouteJson(10, "26"));
  });
  ASSERT_TRUE(world.executor.Do(world.migration(), ToTen()).has_value());
  const json patched = json::parse(RouteJson(40, "25").dump()).patch(json::parse(world.transport.requests().back().body));
  EXPECT_EQ(patched["spec"], RouteJson(10)["spec"]);
}

TEST(Executor, WritesNothingWhereTheRouteIsAlreadyAsWanted) {
  World world;
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(RouteJson(10, "21"));
  EXPECT_EQ(world.executor.Do(world.migration(), ToTen()), Written::kNothing);
  EXPECT_TRUE(world.transport.requests().empty());
}

TEST(Executor, KeepsTheFinalizersOfOthers) {
  World world([](const http::Request&) { return Answer(200, MigrationJson()); });
  json object = MigrationJson();
  object["metadata"]["finalizers"] = {"other.io/keep"};
  world.cache.migrations().OnApplied(object);
  ASSERT_TRUE(world.executor.Do(world.migration(), decide::AddFinalizer{}).has_value());
  EXPECT_EQ(json::parse(world.transport.requests().at(0).body)["metadata"]["finalizers"], json({"other.io/keep", kFinalizer}));
  object["metadata"]["finalizers"] = {kFinalizer, "other.io/keep"};
  world.cache.migrations().OnApplied(object);
  ASSERT_TRUE(world.executor.Do(world.migration(), decide::RemoveFinalizer{}).has_value());
  EXPECT_EQ(json::parse(world.transport.requests().at(1).body)["metadata"]["finalizers"], json({"other.io/keep"}));
}

}  // namespace
}  // namespace softmig::reconcile
