#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers::testing {
namespace {

struct World {
  model::Spec spec = SpecOf({Component("all")}, {Flag("x", "1")});
  json before =
      Route({Rule("docs", "/docs", {Ref("docs", 80)}), Rule("pay", "/pay", {Ref("old", 8080)}), Rule("", "/a", {Ref("old", 8080, 7)})});
  std::string saved;
  json moved;

  World() {
    const HttpRouteRouter router;
    saved = router.Save(before, spec, Web()).value_or("");
    const auto patch = router.Render(IntentOf(spec, 40, Flags::kOn), before);
    moved = patch ? Apply(before, *patch) : json();
  }
  [[nodiscard]] json Restored(const json& object) const {
    const auto patch = HttpRouteRouter().Restore(saved, object);
    EXPECT_TRUE(patch);
    return patch ? Apply(object, *patch) : json();
  }
};

TEST(HttpRouteRestore, KeepsWhatTheUserEditedElsewhere) {
  const World world;
  json edited = world.moved;
  json expected = world.before;
  for (json* object : {&edited, &expected}) {
    (*object)["spec"]["hostnames"] = {"new.example"};
    (*object)["spec"]["rules"][1]["timeouts"] = {{"request", "9s"}};
    (*object)["spec"]["rules"].insert((*object)["spec"]["rules"].begin(), Rule("first", "/first", {Ref("docs", 80)}));
  }
  EXPECT_EQ(world.Restored(edited).dump(), expected.dump());
}

TEST(HttpRouteRestore, LeavesDeletedRulesDeleted) {
  const World world;
  json edited = world.moved;
  edited["spec"]["rules"].erase(1);
  json expected = world.before;
  expected["spec"]["rules"].erase(1);
  EXPECT_EQ(world.Restored(edited), expected);
}

TEST(HttpRouteRestore, FindsARuleThatGotANameSince) {
  const World world;
  json edited = world.moved;
  edited["spec"]["rules"][2]["name"] = "a";
  json expected = world.before;
  expected["spec"]["rules"][2]["name"] = "a";
  EXPECT_EQ(world.Restored(edited), expected);
}

TEST(HttpRouteRestore, FindsRulesAgainInAnotherOrder) {
  const World world;
  json edited = world.moved;
  std::swap(edited["spec"]["rules"][1], edited["spec"]["rules"][2]);
  json expected = world.before;
  std::swap(expected["spec"]["rules"][1], expected["spec"]["rules"][2]);
  EXPECT_EQ(world.Restored(edited), expected);
}

TEST(HttpRouteRestore, TellsTwoEqualRulesApartByTheirOrder) {
  const model::Spec spec = SpecOf({Component("all")});
  const json before = Route({Rule("", "/", {Ref("old", 8080, 3)}), Rule("", "/", {Ref("old", 8080, 5)})});
  const HttpRouteRouter router;
  const auto saved = router.Save(before, spec, Web());
  const auto render = router.Render(IntentOf(spec, 50), before);
  ASSERT_TRUE(saved && render);
  const json moved = Apply(before, *render);
  const auto restore = router.Restore(*saved, moved);
  ASSERT_TRUE(restore);
  EXPECT_EQ(Apply(moved, *restore), before);
}

TEST(HttpRouteRestore, NothingToDoGivesAnEmptyPatch) {
  const World world;
  const auto patch = HttpRouteRouter().Restore(world.saved, world.before);
  ASSERT_TRUE(patch);
  EXPECT_TRUE(patch->empty());
}

TEST(HttpRouteRestore, FailsOnAChangeInBetween) {
  const World world;
  const auto patch = HttpRouteRouter().Restore(world.saved, world.moved);
  ASSERT_TRUE(patch);
  json changed = world.moved;
  changed["spec"]["rules"][1]["backendRefs"][0]["weight"] = 1;
  EXPECT_THROW(Apply(changed, *patch), json::exception);
  changed = world.moved;
  changed["spec"]["rules"].erase(0);
  EXPECT_THROW(Apply(changed, *patch), json::exception);
}

TEST(HttpRouteSave, RefusesWhatIsTooLarge) {
  json ref = Ref("old", 8080);
  ref["filters"] = {{{"value", std::string(17'000, 'x')}}};
  const auto saved = HttpRouteRouter().Save(Route({Rule("pay", "/", json::array({ref}))}), SpecOf({Component("all")}), Web());
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, base::ErrorCode::kInvalid);
}

TEST(HttpRouteSave, RemembersAnAbsentListAsAbsent) {
  json rule = Rule("pay", "/", json::array());
  rule.erase("backendRefs");
  const json before = Route({rule});
  const model::Spec spec = SpecOf({Component("a", {"pay"})});
  const HttpRouteRouter router;
  const auto saved = router.Save(before, spec, Web());
  const auto render = router.Render(IntentOf(spec, 50), before);
  ASSERT_TRUE(saved && render);
  const json moved = Apply(before, *render);
  ASSERT_NE(moved, before);
  const auto restore = router.Restore(*saved, moved);
  ASSERT_TRUE(restore);
  EXPECT_EQ(Apply(moved, *restore), before);
}

}  // namespace
}  // namespace softmig::routers::testing
