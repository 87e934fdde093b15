// What router_conformance.hpp promises of every router.
#include "router_conformance.hpp"

namespace softmig::routers::testing {
namespace {

/// The route with this object's spec as its template.
model::RouteRef Templated(model::RouteRef route, const json& object) {
  route.manifest = json{{"metadata", json::object()}, {"spec", object.at("spec")}}.dump();
  return route;
}

}  // namespace

TEST_P(RouterConformance, StartsOnLegacyWithoutProblems) { ExpectShows(object_, 0, Flags::kOff); }

TEST_P(RouterConformance, ObserveShowsWhatRenderWrote) {
  json object = object_;
  for (const int weight : {1, 10, 50, 99, 100, 33, 0}) {
    object = Rendered(object, weight, FlagsOfRouter());
    ExpectShows(object, weight, FlagsOfRouter());
  }
  ExpectShows(Rendered(object, 7, Flags::kOff), 7, Flags::kOff);
}

TEST_P(RouterConformance, RenderIsIdempotent) {
  for (const int weight : {0, 20, 100}) {
    const json once = Rendered(object_, weight, FlagsOfRouter());
    const auto again = router_->Render(Intent(weight, FlagsOfRouter()), once);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->empty()) << again->json;
  }
}

TEST_P(RouterConformance, WhatCannotBeMadeIsRefused) {
  model::RouteRef route = GetParam().route;
  route.manifest = "[]";
  const auto made = router_->Make(Intent(0, Flags::kOff), spec_, route, "shop");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, base::ErrorCode::kInvalid);
}

TEST_P(RouterConformance, WhatIsMadeShowsItsIntentAndGoesBackToItsTemplate) {
  const model::RouteRef route = Templated(GetParam().route, GetParam().templates ? object_ : json{{"spec", json::object()}});
  if (!GetParam().templates) {
    EXPECT_FALSE(router_->Make(Intent(50, FlagsOfRouter()), spec_, route, "shop"));
    return;
  }
  for (const int weight : {0, 50, 100}) {
    const auto made = router_->Make(Intent(weight, FlagsOfRouter()), spec_, route, "shop");
    ASSERT_TRUE(made) << made.error().ToString();
    ExpectShows(*made, weight, FlagsOfRouter());
    json stored = *made;
    stored["metadata"]["uid"] = "uid-1";
    const model::RouteState state = Observe(stored);
    EXPECT_EQ(state.made_for, Intent(0, Flags::kOff).migration);
    const auto back = router_->Restore(state.mark, stored);
    ASSERT_TRUE(back) << back.error().ToString();
    EXPECT_EQ(Apply(stored, *back)["spec"], object_["spec"]);
  }
}

TEST_P(RouterConformance, AnEditedTemplateIsWrittenOnceAndMovesNobody) {
  if (!GetParam().templates) {
    EXPECT_TRUE(router_->Remake(Intent(30, FlagsOfRouter()), spec_, GetParam().route, object_).value().empty());
    return;
  }
  const auto made = router_->Make(Intent(30, FlagsOfRouter()), spec_, Templated(GetParam().route, object_), "shop");
  ASSERT_TRUE(made);
  json live = *made;
  live["metadata"]["uid"] = "uid-1";
  live["metadata"]["resourceVersion"] = "7";
  EXPECT_TRUE(router_->Remake(Intent(30, FlagsOfRouter()), spec_, Templated(GetParam().route, object_), live).value().empty());
  json other = object_;
  other["spec"]["hostnames"] = json::array({"edited.example"});
  const model::RouteRef edited = Templated(GetParam().route, other);
  const auto patch = router_->Remake(Intent(30, FlagsOfRouter()), spec_, edited, live);
  ASSERT_TRUE(patch);
  ASSERT_FALSE(patch->empty());
  live = Apply(live, *patch);
  ExpectShows(live, 30, FlagsOfRouter());
  EXPECT_EQ(live["spec"]["hostnames"], other["spec"]["hostnames"]);
  EXPECT_TRUE(router_->Remake(Intent(30, FlagsOfRouter()), spec_, edited, live).value().empty());
}

TEST_P(RouterConformance, RestoreGivesTheSavedObjectBackByteForByte) {
  const auto saved = router_->Save(object_, spec_, GetParam().route);
  ASSERT_TRUE(saved);
  json object = object_;
  for (const int weight : {5, 60, 100, 0, 40}) object = Rendered(object, weight, FlagsOfRouter());
  ASSERT_NE(object, object_);
  const auto patch = router_->Restore(*saved, object);
  ASSERT_TRUE(patch);
  const json restored = Apply(object, *patch);
  EXPECT_EQ(restored.dump(), object_.dump());
  const auto again = router_->Restore(*saved, restored);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->empty());
}

TEST_P(RouterConformance, SaveIsBounded) {
  const auto saved = router_->Save(object_, spec_, GetParam().route);
  ASSERT_TRUE(saved);
  EXPECT_LE(saved->size(), 16U << 10U);
}

TEST_P(RouterConformance, PatchFailsOnAnObjectMadeAnew) {
  const auto patch = router_->Render(Intent(10, Flags::kOff), object_);
  ASSERT_TRUE(patch);
  json other = object_;
  other["metadata"]["uid"] = "another";
  EXPECT_THROW(Apply(other, *patch), json::exception);
}

TEST_P(RouterConformance, PatchFailsWhereTheWeightsChangedMeanwhile) {
  const auto patch = router_->Render(Intent(10, Flags::kOff), object_);
  ASSERT_TRUE(patch);
  EXPECT_THROW(Apply(Rendered(object_, 30, Flags::kOff), *patch), json::exception);
}

TEST_P(RouterConformance, RollbackTouchesNothingButWhatItSteersBy) {
  const json moved = Rendered(object_, 70, FlagsOfRouter());
  json back = Rendered(moved, 0, Flags::kOff);
  ExpectShows(back, 0, Flags::kOff);
  back[GetParam().steered] = moved[GetParam().steered];
  EXPECT_EQ(back, moved);
}

TEST_P(RouterConformance, RestoreRefusesWhatSaveDidNotWrite) {
  for (const std::string& saved : {std::string(), std::string("{}"), std::string("null"), std::string("[1"), std::string(R"({"rules":1})"),
                                   std::string(100'000, '['), std::string(16'000, '[')}) {
    EXPECT_FALSE(router_->Restore(saved, object_)) << saved.substr(0, 20);
  }
}

TEST_P(RouterConformance, NothingOfTheIntentIsInvalid) {
  json object = object_;
  object[GetParam().steered] = json::object();
  EXPECT_FALSE(router_->Render(Intent(10, Flags::kOff), object));
  EXPECT_FALSE(router_->Save(object, spec_, GetParam().route));
  EXPECT_NO_THROW(static_cast<void>(Observe(object)));
}

/// Calls `visit` with the object once for each node replaced by each stand-in.
inline void ForEachMutation(const json& object, const std::function<void(const json&)>& visit) {
  const json flat = object.flatten();
  std::set<std::string> pointers;
  for (const auto& [path, value] : flat.items()) {
    for (auto pointer = json::json_pointer(path); !pointer.empty(); pointer.pop_back()) pointers.insert(pointer.to_string());
  }
  const std::vector<json> stand_ins = {
      nullptr, -1, 18446744073709551615ULL, "text", json::array(), json::object(), json({nullptr}), json({json::object()})};
  for (const std::string& pointer : pointers) {
    for (const json& stand_in : stand_ins) {
      json mutated = object;
      mutated[json::json_pointer(pointer)] = stand_in;
      visit(mutated);
    }
  }
  for (const json& stand_in : stand_ins) visit(stand_in);
}

TEST_P(RouterConformance, NoObjectMakesItThrow) {
  const auto saved = router_->Save(object_, spec_, GetParam().route);
  ASSERT_TRUE(saved);
  int applied = 0;
  ForEachMutation(Rendered(object_, 25, FlagsOfRouter()), [&](const json& mutated) {
    ASSERT_NO_THROW({
      static_cast<void>(Observe(mutated));
      static_cast<void>(router_->Save(mutated, spec_, GetParam().route));
      for (const int weight : {0, 60}) {
        const auto patch = router_->Render(Intent(weight, weight == 0 ? Flags::kOff : FlagsOfRouter()), mutated);
        if (patch) applied += Apply(mutated, *patch).is_object() ? 1 : 0;  // a patch fits the object it was made for
      }
      const auto restore = router_->Restore(*saved, mutated);
      if (restore) applied += Apply(mutated, *restore).is_object() ? 1 : 0;
    }) << mutated.dump();
  });
  EXPECT_GT(applied, 100);
}

TEST_P(RouterConformance, RollbackOfAnyObjectLeavesNothingToTheTarget) {
  ForEachMutation(Rendered(object_, 25, FlagsOfRouter()), [&](const json& mutated) {
    const auto patch = router_->Render(Intent(0, Flags::kOff), mutated);
    if (!patch) return;
    const model::RouteState state = Observe(Apply(mutated, *patch));
    for (const model::ComponentTraffic& component : state.components) EXPECT_FALSE(component.any_target) << mutated.dump();
  });
}

TEST_P(RouterConformance, NoSavedTextMakesRestoreThrow) {
  const auto saved = router_->Save(object_, spec_, GetParam().route);
  ASSERT_TRUE(saved);
  const json moved = Rendered(object_, 25, FlagsOfRouter());
  int restored = 0;
  ForEachMutation(json::parse(*saved), [&](const json& mutated) {
    ASSERT_NO_THROW(restored += router_->Restore(mutated.dump(), moved) ? 1 : 0) << mutated.dump();
  });
  EXPECT_GT(restored, 0);
}

TEST_P(RouterConformance, AcceptanceIsOnlyClaimedWhereTheRouterReportsIt) {
  const model::RouteState state = Observe(object_);
  EXPECT_EQ(state.acceptance, model::Acceptance::kAccepted);
  json silent = object_;
  silent.erase("status");
  EXPECT_EQ(Observe(silent).acceptance == model::Acceptance::kAccepted, !router_->capabilities(GetParam().route).reports_acceptance);
  EXPECT_FALSE(state.uid.empty());
  EXPECT_FALSE(state.resource_version.empty());
  EXPECT_FALSE(state.claimed_rules.empty());
}

TEST_P(RouterConformance, ObserveIsDeterministic) { EXPECT_EQ(Observe(object_), Observe(json::parse(object_.dump()))); }

}  // namespace softmig::routers::testing
