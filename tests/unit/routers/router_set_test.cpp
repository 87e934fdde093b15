#include "routers/router_set.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "../../conformance/router_objects.hpp"
#include "model/codec.hpp"
#include "model/kind_traits.hpp"
#include "routers/route_kinds.hpp"

namespace softmig::routers::testing {
namespace {

TEST(RouteKinds, HaveNamesKindsAndRoutersOfTheirOwn) {
  std::set<std::string> names;
  std::set<std::string> kinds;
  for (const RouteKindRow& row : RouteKinds()) {
    EXPECT_EQ(RowOf(row.kind).type, row.type);
    EXPECT_NE(row.make(), nullptr);
    names.emplace(model::Name(row.kind));
    kinds.insert(row.type.kind);
  }
  EXPECT_EQ(names.size(), RouteKinds().size());
  EXPECT_EQ(kinds.size(), RouteKinds().size()) << "an object's kind says which router is to steer it";
}

TEST(RouteKinds, CanDoWhatASpecMayAskOfThem) {
  for (const RouteKindRow& row : RouteKinds()) {
    const model::KindTraits& traits = model::TraitsOf(row.kind);
    EXPECT_EQ(traits.kind, row.kind);
    model::RouteRef route;
    route.kind = row.kind;
    EXPECT_EQ(RouterSet().capabilities(route).header_flags, traits.header_flags) << traits.name;
  }
}

TEST(RouterSet, SteersAnObjectByItsKind) {
  const json route = Route({Rule("pay", "/pay", json::array({Ref("old", 8080)}))});
  const TrafficIntent intent = IntentOf(SpecOf({Component("all")}), 10);
  EXPECT_EQ(RouterSet().Render(intent, route).value().json, RowOf(model::RouteKind::kHttpRoute).make()->Render(intent, route).value().json);
}

TEST(RouterSet, RefusesAnObjectOfAnotherKindWhereNobodySaysWhereItsWeightsAre) {
  json object = Route({Rule("pay", "/pay", json::array({Ref("old", 8080)}))});
  object["kind"] = "Gateway";
  const auto patch = RouterSet().Render(IntentOf(SpecOf({Component("all")}), 10), object);
  ASSERT_FALSE(patch);
  EXPECT_EQ(patch.error().code, base::ErrorCode::kInvalid);
  EXPECT_FALSE(RouterSet().Restore("{}", json()));
}

}  // namespace
}  // namespace softmig::routers::testing
