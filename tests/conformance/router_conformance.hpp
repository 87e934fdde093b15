#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "router_objects.hpp"

/// What every TrafficRouter must do, whatever object it steers by. A new router adds one RouterCase.
namespace softmig::routers::testing {

struct RouterCase {
  std::string name;
  std::function<std::unique_ptr<TrafficRouter>()> make;
  /// An object the router can steer for `spec`, entirely on legacy, with things of the user's beside it.
  json object;
  model::Spec spec;  ///< with at least one flag where the router has header flags
  model::RouteRef route;
  std::string steered = "spec";  ///< the member of the object that the router steers by
  bool templates = true;         ///< makes objects from templates; else it must say that it does not
  bool only_switches = false;    ///< knows the weights 0 and 100 only: where the suite asks for one between, it asks for 100
  // With `route.bridge` the weights between are those of the bridge that is behind the route: everybody goes to it, and flags are its, too.
};

/// Shown by gtest in the name of each test.
inline void PrintTo(const RouterCase& router, std::ostream* out) { *out << router.name; }

class RouterConformance : public ::testing::TestWithParam<RouterCase> {
 protected:
  std::unique_ptr<TrafficRouter> router_ = GetParam().make();
  json object_ = GetParam().object;
  model::Spec spec_ = GetParam().spec;

  [[nodiscard]] Flags FlagsOfRouter() const {
    const bool has = router_->capabilities(GetParam().route).header_flags && !GetParam().route.bridge;
    return has ? Flags::kOn : Flags::kOff;
  }
  [[nodiscard]] static bool IsThroughBridge(int weight) { return GetParam().route.bridge && weight > 0 && weight < 100; }
  [[nodiscard]] model::RouteState Observe(const json& object) const { return router_->Observe(object, spec_, GetParam().route); }
  [[nodiscard]] TrafficIntent Intent(int weight, Flags flags) const {
    TrafficIntent intent = IntentOf(spec_, Known(weight), flags);
    intent.route = GetParam().route.name;
    intent.custom = GetParam().route.custom;
    intent.bridge = GetParam().route.bridge;
    for (ComponentIntent& component : intent.components) {
      component.bridge = IsThroughBridge(weight) ? model::BridgeUse::kAll
                         : weight == 0           ? model::BridgeUse::kNamed
                                                 : model::BridgeUse::kNone;
      component.name_target = GetParam().route.bridge && weight < 100;
    }
    return intent;
  }
  [[nodiscard]] static int Known(int weight) { return GetParam().only_switches && weight > 0 ? 100 : weight; }
  [[nodiscard]] json Rendered(const json& object, int weight, Flags flags) const {
    const auto patch = router_->Render(Intent(weight, flags), object);
    EXPECT_TRUE(patch) << patch.error().ToString();
    return patch ? Apply(object, *patch) : object;
  }
  void ExpectShows(const json& object, int weight, Flags flags) const {
    const model::RouteState state = Observe(object);
    EXPECT_TRUE(state.problems.empty());
    ASSERT_FALSE(state.components.empty());
    for (const model::ComponentTraffic& component : state.components) {
      EXPECT_TRUE(component.problems.empty()) << component.component;
      EXPECT_EQ(component.all_bridge, IsThroughBridge(weight));
      EXPECT_EQ(component.any_target, weight > 0 || flags == Flags::kOn);
      if (component.all_bridge) continue;
      ASSERT_TRUE(component.weight) << component.component;
      EXPECT_EQ(component.weight->value(), Known(weight));
      EXPECT_EQ(component.flags.size(), flags == Flags::kOn ? spec_.flags.size() : 0U);
    }
  }
};

}  // namespace softmig::routers::testing
