#include "view/apply.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace softmig::view {
namespace {

using nlohmann::json;

json Patch(const json& live, const json& manifest) { return json::parse(ApplyPatch(live, manifest)); }

json Live(const json& spec, const json& last_applied) {
  return {{"spec", spec},
          {"metadata", {{"name", "a"}, {"annotations", {{"kubectl.kubernetes.io/last-applied-configuration", last_applied.dump()}}}}},
          {"status", {{"phase", "Shift"}}}};
}

TEST(ApplyPatch, SaysWhatTheManifestSaysAndTheLiveObjectDoesNot) {
  const json live = Live({{"paused", true}, {"attempt", 3}, {"deep", {{"a", 1}, {"b", 2}}}}, json::object());
  EXPECT_EQ(
      Patch(live,
            {{"kind", "SoftMigration"}, {"metadata", {{"name", "a"}}}, {"spec", {{"paused", false}, {"deep", {{"b", 2}, {"c", 3}}}}}}),
      json::parse(R"({"spec": {"paused": false, "deep": {"c": 3}}})"))
      << "what only the live object has, such as the API server's defaults, stays";
  EXPECT_EQ(Patch(live, {{"metadata", {{"name", "a"}}}, {"spec", {{"paused", true}}}, {"status", {{"phase", "Complete"}}}}),
            json::object());
}

TEST(ApplyPatch, TakesAwayWhatWasAppliedAndIsGone) {
  const json live = Live({{"paused", true}, {"attempt", 3}, {"deep", {{"a", 1}}}},
                         {{"spec", {{"paused", true}, {"deep", {{"a", 1}}}}}, {"metadata", {{"annotations", json::object()}}}});
  EXPECT_EQ(Patch(live, {{"metadata", {{"name", "a"}, {"annotations", json::object()}}}, {"spec", {{"deep", json::object()}}}}),
            json::parse(R"({"spec": {"paused": null, "deep": {"a": null}}})"));
}

TEST(ApplyPatch, AListIsReplacedAsAWhole) {
  const json live = Live({{"steps", {{{"weight", 1}}, {{"weight", 100}}}}}, json::object());
  EXPECT_EQ(Patch(live, {{"spec", {{"steps", {{{"weight", 5}}, {{"weight", 100}}}}}}})["spec"]["steps"].size(), 2U);
}

TEST(Differences, GoByNameWhereEntriesHaveOne) {
  const json before =
      json::parse(R"({"spec": {"metrics": [{"name": "a", "max": "1"}, {"name": "b"}], "steps": [{"weight": 1}], "paused": true}})");
  const json after =
      json::parse(R"({"spec": {"metrics": [{"name": "b"}, {"name": "a", "max": "2"}], "steps": [{"weight": 5}, {"weight": 100}]}})");
  EXPECT_EQ(ChangesText(Differences(before, after)),
            "  ~ spec.metrics[a].max: \"1\" -> \"2\"\n"
            "  - spec.paused: true\n"
            "  ~ spec.steps[0].weight: 1 -> 5\n"
            "  + spec.steps[1]: {\"weight\":100}\n");
}

TEST(Differences, LeaveOutWhatKubectlWritesDownForItself) {
  EXPECT_TRUE(Differences(Live({{"a", 1}}, json::object()), Live({{"a", 1}}, {{"x", 1}})).empty());
  const auto changes = Differences(json::object(), {{"metadata", {{"labels", {{"team", "x\n"}}}}}});
  EXPECT_EQ(ChangesText(changes), "  + metadata.labels.team: \"x\\n\"\n");
}

}  // namespace
}  // namespace softmig::view
