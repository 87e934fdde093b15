#include "router_conformance.hpp"
#include "routers/custom/custom_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<CustomRouter>(); }

constexpr const char* kServices = "/spec/weighted/services/";

model::RouteRef Front() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kCustom;
  const std::string services = kServices;
  route.custom.type = "example.com/v1/Split";
  route.custom.legacy = {services + "0/weight", services + "0/name"};
  route.custom.target = {services + "1/weight", services + "1/name"};
  route.custom.accepted = "/status/ready";
  route.custom.accepted_value = "true";
  route.custom.generation = "/status/observedGeneration";
  return route;
}

json Entry(const std::string& service, int port, const json& weight) {
  return {{"name", service}, {"port", port}, {"weight", weight}, {"scheme", "h2c"}};
}

json Weighted() {
  json object{{"apiVersion", "example.com/v1"}, {"kind", "Split"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  object["spec"]["weighted"] = {{"sticky", {{"cookie", {{"name", "<a&b>"}}}}},
                                {"services", json::array({Entry("old", 8080, 1), Entry("new.shop.svc", 9090, 0), Entry("docs", 80, 0)})}};
  object["status"] = {{"ready", true}, {"observedGeneration", 3}};
  return object;
}

model::Spec All() { return SpecOf({Component("all")}); }

INSTANTIATE_TEST_SUITE_P(Custom, RouterConformance,
                         ::testing::Values(RouterCase{"Custom", MakeRouter, Weighted(), All(), Front(), "spec", false}),
                         [](const auto& test) { return test.param.name; });

TrafficIntent To(int weight) {
  TrafficIntent intent = IntentOf(All(), weight);
  intent.custom = Front().custom;
  return intent;
}

TEST(CustomRouter, WritesNothingWhereTheEntriesStandInAnotherOrder) {
  json object = Weighted();
  std::swap(object["spec"]["weighted"]["services"][0], object["spec"]["weighted"]["services"][1]);
  EXPECT_FALSE(CustomRouter().Render(To(0), object));
  EXPECT_FALSE(CustomRouter().Save(object, All(), Front()));
  const model::RouteState state = CustomRouter().Observe(object, All(), Front());
  EXPECT_EQ(state.components.at(0).problems.at(0).message, "/spec/weighted/services/0/name does not say old");
}

TEST(CustomRouter, LeavesAloneWhatIsSomebodyElsesByNow) {
  const auto saved = CustomRouter().Save(Weighted(), All(), Front());
  ASSERT_TRUE(saved);
  json object = Apply(Weighted(), CustomRouter().Render(To(60), Weighted()).value());
  object["spec"]["weighted"]["services"][1]["name"] = "docs";
  const auto patch = CustomRouter().Restore(*saved, object);
  ASSERT_TRUE(patch);
  const json back = Apply(object, *patch)["spec"]["weighted"]["services"];
  EXPECT_EQ(back[0], Weighted()["spec"]["weighted"]["services"][0]);
  EXPECT_EQ(back[1]["weight"], 60);
}

TEST(CustomRouter, ANameThatOnlyBeginsWithTheServicesIsAnotherOne) {
  json object = Weighted();
  object["spec"]["weighted"]["services"][0]["name"] = "older";
  EXPECT_FALSE(CustomRouter().Render(To(10), object));
}

model::Acceptance Seen(json object, const model::RouteRef& route) { return CustomRouter().Observe(object, All(), route).acceptance; }

TEST(CustomRouter, IsAcceptedWhereTheObjectSaysItOfThePresentGeneration) {
  json object = Weighted();
  object["metadata"]["generation"] = 4;
  EXPECT_EQ(Seen(object, Front()), model::Acceptance::kWaiting);
  object["status"] = {{"ready", "true"}, {"observedGeneration", 4}};
  EXPECT_EQ(Seen(object, Front()), model::Acceptance::kAccepted);
  object["status"]["ready"] = false;
  EXPECT_EQ(Seen(object, Front()), model::Acceptance::kWaiting);
}

TEST(CustomRouter, WhatIsWrittenCountsAsAcceptedWhereNobodySaysIt) {
  model::RouteRef route = Front();
  route.custom.accepted.clear();
  EXPECT_EQ(Seen(json::object(), route), model::Acceptance::kAccepted);
  EXPECT_FALSE(CustomRouter().capabilities(route).reports_acceptance);
}

}  // namespace
}  // namespace softmig::routers::testing
