// Routes with a template: what is observed of them, and what is written.
#include <gmock/gmock.h>

#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::HasSubstr;

const kube::ObjectKey kRoute{"shop", "shop"};

json Template(const std::string& host = "a.example") {
  json spec = RouteJson()["spec"];
  spec["parentRefs"] = json::array({{{"name", "gw"}}});
  spec["hostnames"] = json::array({host});
  return {{"metadata", {{"labels", {{"team", "shop"}}}}}, {"spec", spec}};
}

json ManagedJson(const std::string& name = "payments", const json& from = Template()) {
  json object = MigrationJson(name);
  object["spec"]["routes"][0]["gatewayAPI"]["ownership"] = "Managed";
  object["spec"]["routes"][0]["gatewayAPI"]["template"] = from;
  return object;
}

decide::CreateRoute AtTen() { return {"web", {{"all", base::Percent::Of(10), false}}}; }

/// The API server as far as one route goes: it stores what is created and merged.
struct ManagedWorld : World {
  explicit ManagedWorld(fakes::FakeTransport::Handler api) : World(std::move(api)) {
    cache.migrations().OnApplied(ManagedJson());
    Fill(cache.StoreOf(model::RouteKind::kHttpRoute), {});
  }
  ManagedWorld() : ManagedWorld(Keeping()) {}

  static fakes::FakeTransport::Handler Keeping() {
    return [stored = std::make_shared<json>()](const http::Request& request) {
      const json body = json::parse(request.body.empty() ? "{}" : request.body);
      if (request.method == http::Method::kPost) *stored = body;
      if (request.method == http::Method::kPatch && body.is_object()) stored->merge_patch(body);
      if (request.method == http::Method::kPatch && body.is_array()) *stored = stored->patch(body);
      (*stored)["metadata"]["uid"] = "uid-made";
      (*stored)["metadata"]["resourceVersion"] = std::to_string(version(*stored) + 1);
      return Answer(200, *stored);
    };
  }
  /// Creates it; and the watch tells of it.
  base::Result<Written> Make() {
    auto done = executor.Do(migration(), AtTen());
    if (!done) return done;
    json made = json::parse(transport.requests().back().body);
    made["metadata"]["uid"] = "uid-made";
    made["metadata"]["resourceVersion"] = "31";
    cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(made);
    return done;
  }
  static int version(const json& object) { return std::stoi(object["metadata"].value("resourceVersion", "30")); }

  [[nodiscard]] json live() const { return cache.StoreOf(model::RouteKind::kHttpRoute).Get(kRoute)->object; }
  decide::RouteObservation Seen(const std::string& name = "payments") { return gatherer.Gather(migration(name)).routes.at("web"); }
  void Adopt(const std::string& saved = "{}") {
    json object = ManagedJson();
    model::Status status;
    status.routes = {{"web", "uid-made", saved}};
    object["status"] = model::ToJson(status);
    cache.migrations().OnApplied(object);
  }
};

TEST(Managed, ARouteIsMadeFromItsTemplateAtTheWeightsAsked) {
  ManagedWorld world;
  ASSERT_TRUE(world.executor.Do(world.migration(), AtTen()).has_value());
  const auto requests = world.transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, http::Method::kPost);
  EXPECT_THAT(requests[0].url, HasSubstr("/namespaces/shop/httproutes?fieldManager=softmigration"));
  const json made = json::parse(requests[0].body);
  EXPECT_EQ(made["spec"]["rules"], RouteJson(10)["spec"]["rules"]);
  EXPECT_EQ(made["metadata"]["labels"], json({{"team", "shop"}}));
  EXPECT_FALSE(made["metadata"].contains("ownerReferences"));
  EXPECT_TRUE(world.cache.StoreOf(model::RouteKind::kHttpRoute).Get(kRoute) == nullptr)
      << "it is there once the watch says so: it may be gone again";
}

TEST(Managed, ARouteThatSomebodyMadeMeanwhileIsLeft) {
  ManagedWorld world([](const http::Request&) { return Refused(409, "AlreadyExists"); });
  const auto done = world.executor.Do(world.migration(), AtTen());
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(world.transport.requests().size(), 1U);
  world.gatherer.NoteTemplateWrite(world.migration(), "web", done);
  EXPECT_FALSE(world.Seen().refused);
}

TEST(Managed, WhatWasMadeIsKnownAgainAndRemembersItsTemplate) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  const auto seen = world.Seen();
  EXPECT_TRUE(seen.ours);
  EXPECT_FALSE(seen.template_pending);
  ASSERT_TRUE(seen.snapshot);
  EXPECT_EQ(*seen.snapshot, std::get<model::RouteState>(seen.state).mark) << "not what it was made with";
}

TEST(Managed, ARouteOfAnotherMigrationIsNotOurs) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  world.cache.migrations().OnDeleted(ManagedJson());
  world.cache.migrations().OnApplied(ManagedJson("next", Template("b.example")));
  EXPECT_FALSE(world.Seen("next").ours);
  EXPECT_FALSE(world.Seen("next").template_pending);
}

TEST(Managed, AnEditIsPendingUntilItIsWrittenAndKeepsTheWeights) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  world.cache.migrations().OnApplied(ManagedJson("payments", Template("b.example")));
  EXPECT_TRUE(world.Seen().template_pending);
  ASSERT_TRUE(world.executor.Do(world.migration(), decide::ApplyTemplate{"web", AtTen().components}).has_value());
  EXPECT_FALSE(world.Seen().template_pending);
  EXPECT_EQ(world.live()["spec"]["hostnames"], json::array({"b.example"}));
  EXPECT_EQ(world.live()["spec"]["rules"], RouteJson(10)["spec"]["rules"]);
}

TEST(Managed, ARouteThatWasMadeAnewByHandIsNotWrittenOver) {
  ManagedWorld world;
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(RouteJson());
  ASSERT_TRUE(world.executor.Do(world.migration(), decide::ApplyTemplate{"web", AtTen().components}).has_value());
  EXPECT_TRUE(world.transport.requests().empty());
}

TEST(Managed, ATemplateWithoutTheRuleIsAProblemOnlyWhileUsersAreMoved) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  json bare = Template("b.example");
  bare["spec"]["rules"][0]["backendRefs"] = json::array({Backend("somebody", 1)});
  json object = ManagedJson("payments", bare);
  world.cache.migrations().OnApplied(object);
  EXPECT_TRUE(world.Seen().template_pending);
  EXPECT_FALSE(world.Seen().template_problem);
  model::Status status;
  status.routes = {{"web", "uid-made", "{}"}};
  object["status"] = model::ToJson(status);
  world.cache.migrations().OnApplied(object);
  ASSERT_TRUE(world.Seen().template_problem);
  EXPECT_EQ(world.Seen().template_problem->reason, "RuleNotFound");
}

TEST(Managed, WhileANeighbourMovesUsersOnItTheRouteIsNotWrittenAnew) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  world.cache.migrations().OnApplied(ManagedJson("payments", Template("b.example")));
  json neighbour = MigrationJson("neighbour");
  model::Status status;
  status.routes = {{"web", "uid-made", "{}"}};
  neighbour["status"] = model::ToJson(status);
  world.cache.migrations().OnApplied(neighbour);
  ASSERT_TRUE(world.Seen().template_problem);
  EXPECT_THAT(world.Seen().template_problem->message, HasSubstr("neighbour"));
}

TEST(Managed, OfTwoThatMakeOneRouteWhoMovesUsersGoesFirst) {
  ManagedWorld world;
  world.cache.migrations().OnApplied(ManagedJson("another"));
  EXPECT_TRUE(world.Seen("another").claims.empty()) << "first by name";
  ASSERT_EQ(world.Seen().claims.size(), 1U);
  EXPECT_EQ(world.Seen().claims[0].reason, "RouteMadeTwice");
  world.Adopt();
  EXPECT_TRUE(world.Seen().claims.empty());
  EXPECT_EQ(world.Seen("another").claims.size(), 1U);
}

TEST(Managed, WhoMadeWhatIsThereGoesBeforeWhoComesLater) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  world.cache.migrations().OnApplied(ManagedJson("another"));
  const auto refused = [&](const std::string& name) {
    const std::vector<model::RouteProblem> claims = world.Seen(name).claims;
    return std::ranges::count(claims, "RouteMadeTwice", &model::RouteProblem::reason);
  };
  EXPECT_EQ(refused("payments"), 0);
  EXPECT_EQ(refused("another"), 1);
}

TEST(Managed, ItIsPutBackToItsTemplateWhateverWasSaved) {
  ManagedWorld world;
  ASSERT_TRUE(world.Make().has_value());
  world.Adopt(R"({"keys":[],"rules":[],"version":1})");
  EXPECT_TRUE(world.Seen().restore_pending);
  ASSERT_TRUE(world.executor.Do(world.migration(), decide::RestoreRoute{"web"}).has_value());
  EXPECT_EQ(world.live()["spec"], Template()["spec"]);
  EXPECT_FALSE(world.Seen().restore_pending);
}

TEST(Managed, ARefusalIsSeenUntilItSucceedsOrTheSpecIsEdited) {
  ManagedWorld world([](const http::Request&) { return Refused(403, "Forbidden"); });
  const auto refused = world.executor.Do(world.migration(), AtTen());
  ASSERT_FALSE(refused.has_value());
  world.gatherer.NoteTemplateWrite(world.migration(), "web", refused);
  EXPECT_THAT(world.Seen().refused.value_or(""), HasSubstr("Forbidden"));
  world.gatherer.NoteTemplateWrite(world.migration(), "web", base::Fail(base::ErrorCode::kTimeout, "no answer"));
  EXPECT_TRUE(world.Seen().refused) << "no answer is no news";
  world.cache.migrations().OnApplied(ManagedJson("payments", Template("b.example")));
  EXPECT_FALSE(world.Seen().refused);
  world.gatherer.NoteTemplateWrite(world.migration(), "web", refused);
  world.gatherer.NoteTemplateWrite(world.migration(), "web", Written::kSomething);
  EXPECT_FALSE(world.Seen().refused);
}

}  // namespace
}  // namespace softmig::reconcile
