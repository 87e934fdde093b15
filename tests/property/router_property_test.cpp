#include <gtest/gtest.h>  // before RapidCheck's own header, which needs it

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers::testing {
namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::elementOf;
using rc::gen::inRange;

/// A backend of one side, or of somebody else where `allow_other`.
json AnyRef(bool allow_other) {
  const int kind = *inRange(0, allow_other ? 3 : 2);
  json ref = kind == 0 ? Ref("old", 8080) : kind == 1 ? Ref("new", 9090) : Ref("other", 80);
  if (*arbitrary<bool>()) ref["weight"] = *inRange(0, 1000);
  if (*arbitrary<bool>()) ref.erase("group");
  if (*arbitrary<bool>()) ref["namespace"] = "shop";
  if (*inRange(0, 4) == 0) ref["filters"] = {{{"type", "ExtensionRef"}, {"extensionRef", {{"name", "<f>"}}}}};
  return ref;
}

json AnyRule(int index, bool allow_other) {
  json refs = json::array();
  const int count = *inRange(0, 4);
  for (int i = 0; i < count; ++i) refs.push_back(AnyRef(allow_other));
  json rule = Rule(*arbitrary<bool>() ? "r" + std::to_string(index) : "", "/" + std::to_string(*inRange(0, 3)), refs);
  if (*inRange(0, 6) == 0) rule.erase("matches");
  if (*inRange(0, 8) == 0) rule.erase("backendRefs");
  if (*arbitrary<bool>()) rule["timeouts"] = {{"request", "3s"}};
  return rule;
}

json AnyRoute(bool allow_other) {
  json rules = json::array();
  const int count = *inRange(1, 6);
  for (int i = 0; i < count; ++i) rules.push_back(AnyRule(i, allow_other));
  rules.push_back(Rule("sure", "/sure", json::array({Ref("old", 8080, 1)})));
  return Route(rules);
}

/// The implied component, or two that name rules which may or may not be there.
model::Spec AnySpec() {
  const std::vector<model::HeaderFlag> flags =
      *element(std::vector<model::HeaderFlag>{}, std::vector<model::HeaderFlag>{Flag("x-beta", "1")},
               std::vector<model::HeaderFlag>{Flag("a", "&"), Flag("b", "2")});
  if (*arbitrary<bool>()) return SpecOf({Component("all")}, flags);
  return SpecOf({Component("one", {"r0", "r1"}), Component("two", {"sure"})}, flags);
}

/// The spec's components at weights of their own.
TrafficIntent AnyIntent(const model::Spec& spec) {
  TrafficIntent intent = IntentOf(spec, 0, *arbitrary<bool>() ? Flags::kOn : Flags::kOff);
  for (ComponentIntent& component : intent.components) component.split = base::WeightSplit(base::Percent::Of(*inRange(0, 101)));
  return intent;
}

json Rendered(const TrafficIntent& intent, const json& object) {
  const auto patch = HttpRouteRouter().Render(intent, object);
  RC_ASSERT(patch.has_value());
  return Apply(object, *patch);
}

RC_GTEST_PROP(HttpRouteRouterProperty, RestoreAfterAnyRendersGivesTheBytesBack, ()) {
  const HttpRouteRouter router;
  const json before = AnyRoute(true);
  const model::Spec spec = AnySpec();
  const auto saved = router.Save(before, spec, Web());
  RC_ASSERT(saved.has_value());
  json object = before;
  const int renders = *inRange(0, 5);
  for (int i = 0; i < renders; ++i) object = Rendered(AnyIntent(spec), object);
  const auto restore = router.Restore(*saved, object);
  RC_ASSERT(restore.has_value());
  RC_ASSERT(Apply(object, *restore).dump() == before.dump());
}

RC_GTEST_PROP(HttpRouteRouterProperty, RenderTwiceChangesNothing, ()) {
  const json before = AnyRoute(true);
  const TrafficIntent intent = AnyIntent(AnySpec());
  const json once = Rendered(intent, before);
  const auto again = HttpRouteRouter().Render(intent, once);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->empty());
}

RC_GTEST_PROP(HttpRouteRouterProperty, WeightsOfEachSteeredRuleSumTo100, ()) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("x-beta", "1")});
  const int target = *inRange(0, 101);
  const json after = Rendered(IntentOf(spec, target, Flags::kOn), AnyRoute(false));
  for (const json& rule : after["spec"]["rules"]) {
    if (rule.value("name", "").starts_with("softmig-") || !rule.contains("backendRefs") || rule["backendRefs"].empty()) continue;
    int sum = 0;
    int to_target = 0;
    for (const json& ref : rule["backendRefs"]) {
      sum += ref.value("weight", 1);
      if (ref["name"] == "new") to_target += ref.value("weight", 1);
    }
    RC_ASSERT(sum == 100);
    RC_ASSERT(to_target == target);
  }
}

RC_GTEST_PROP(HttpRouteRouterProperty, ARolledBackRouteSendsNothingToTheTarget, ()) {
  const model::Spec spec = AnySpec();
  const json moved = Rendered(AnyIntent(spec), AnyRoute(true));
  const json back = Rendered(IntentOf(spec, 0), moved);
  for (const model::ComponentTraffic& component : HttpRouteRouter().Observe(back, spec, Web()).components) {
    RC_ASSERT(!component.any_target);
    RC_ASSERT(component.flags.empty());
  }
}

RC_GTEST_PROP(HttpRouteRouterProperty, RulesNobodyClaimsStayAsTheyAre, ()) {
  const model::Spec spec = SpecOf({Component("two", {"sure"})}, {Flag("x-beta", "1")});
  const json before = AnyRoute(true);
  const json after = Rendered(AnyIntent(spec), before);
  const json& rules = before["spec"]["rules"];
  for (std::size_t i = 0; i + 1 < rules.size(); ++i) RC_ASSERT(after["spec"]["rules"][i] == rules[i]);
}

}  // namespace
}  // namespace softmig::routers::testing
