#include <gtest/gtest.h>

#include "../conformance/router_objects.hpp"
#include "golden_files.hpp"
#include "model/codec.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

/// Each tests/golden/httproute/*.json holds `input` (a route), `intent`, and what came of it when last reviewed: `patch`, `output`,
/// `observed` and whether Restore gives the input back. SOFTMIG_REWRITE=1 writes the files anew; review them as a diff.
namespace softmig::routers::testing {
namespace {

model::ComponentSpec ReadComponent(const json& text) {
  model::ComponentSpec component;
  component.name = text.at("name");
  for (const json& rule : text.value("rules", json::array())) {
    model::RuleRef ref{"web", std::nullopt, std::nullopt};
    if (rule.contains("rule")) ref.rule = rule["rule"].get<std::string>();
    if (rule.contains("matches")) ref.matches = model::CanonicalMatches(rule["matches"]);
    component.rules.push_back(ref);
  }
  return component;
}

model::HeaderFlag ReadFlag(const json& text) {
  model::HeaderFlag flag;
  for (const auto& [name, value] : text.items()) flag.headers.push_back({name, value});
  return flag;
}

struct Golden {
  model::Spec spec;
  TrafficIntent intent;
};

Golden ReadGolden(const json& text) {
  Golden golden;
  golden.spec = SpecOf({});
  golden.intent = {text.at("migration"), Legacy(), Target(), "web", {}};
  for (const json& flag : text.value("flags", json::array())) golden.spec.flags.push_back(ReadFlag(flag));
  for (const json& component : text.at("components")) {
    golden.spec.components.push_back(ReadComponent(component));
    const base::WeightSplit split(base::Percent::Of(component.at("weight").get<int>()));
    golden.intent.components.push_back({golden.spec.components.back(), split, golden.spec.flags});
  }
  return golden;
}

json Problems(const std::vector<model::RouteProblem>& problems) {
  json list = json::array();
  for (const auto& problem : problems) list.push_back(problem.reason + ": " + problem.message);
  return list;
}

json Describe(const model::RouteState& state) {
  json components = json::array();
  for (const auto& component : state.components) {
    components.push_back({{"name", component.component},
                          {"weight", component.weight ? json(component.weight->value()) : json()},
                          {"anyTarget", component.any_target},
                          {"flags", component.flags},
                          {"problems", Problems(component.problems)}});
  }
  return {{"components", components}, {"problems", Problems(state.problems)}, {"claimedRules", state.claimed_rules}};
}

json Evaluate(json golden) {
  const HttpRouteRouter router;
  const auto [spec, intent] = ReadGolden(golden.at("intent"));
  const json input = golden.at("input");
  const auto patch = router.Render(intent, input);
  golden["patch"] = patch ? json::parse(patch->empty() ? "[]" : patch->json) : json("error: " + patch.error().ToString());
  const json output = patch ? Apply(input, *patch) : input;
  golden["output"] = output["spec"]["rules"];
  golden["observed"] = Describe(router.Observe(output, spec, Web()));
  const auto saved = router.Save(input, spec, Web());
  const auto restore = saved ? router.Restore(*saved, output) : base::Result<ObjectPatch>(base::Fail(saved.error()));
  golden["restored"] = restore ? Apply(output, *restore).dump() == input.dump() : false;
  return golden;
}

TEST(HttpRouteGolden, EveryFileIsWhatTheRouterGives) { softmig::testing::ExpectGoldenFiles("httproute", 8, Evaluate); }

}  // namespace
}  // namespace softmig::routers::testing
