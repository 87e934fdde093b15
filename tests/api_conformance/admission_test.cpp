// What the two CRDs let in.
#include <algorithm>
#include <fstream>

#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kHttpRoutes;
using kube::kSoftMigrations;

/// The causes of a refusal; "accepted" otherwise.
json Verdict(const Reply& reply) {
  if (reply.status < 300) return "accepted";
  EXPECT_EQ(reply.status, 422) << reply.body.dump();
  return Brief(reply).value("/details/causes"_json_pointer, json());
}

bool Names(const json& causes, const std::string& field) {
  return causes.is_array() &&
         std::ranges::any_of(causes, [&](const json& cause) { return cause.get<std::string>().ends_with(" " + field); });
}

TEST_F(ApiConformance, TheTableOfSpecsIsJudgedAsItSays) {
  std::ifstream file(SOFTMIG_SOURCE_DIR "/tests/unit/model/spec_cases.json");
  const json table = json::parse(file);
  ASSERT_GT(table["cases"].size(), 50U);
  json migration = Migration("table");
  for (const json& row : table["cases"]) {
    SCOPED_TRACE(row["name"]);
    migration["spec"] = table["base"].patch(row["patch"]);
    const Reply reply = Post(Path(kSoftMigrations) + "?dryRun=All&fieldValidation=Strict", migration);
    if (row["valid"]) {
      EXPECT_EQ(reply.status, 201) << reply.body.dump();
    } else if (row["name"].get<std::string>().starts_with("an unknown field")) {
      EXPECT_EQ(Brief(reply), Refused(400, "BadRequest"));
    } else {
      const std::string path = row.value("serverPath", row["path"].get<std::string>());
      EXPECT_TRUE(Names(Verdict(reply), path)) << path << " is not in " << Verdict(reply);
    }
  }
}

TEST_F(ApiConformance, WrongTypesStopTheCelRules) {
  json migration = Migration();
  migration["spec"]["paused"] = "yes";
  migration["spec"]["target"] = migration["spec"]["legacy"];
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueTypeInvalid spec.paused"}));
}

TEST_F(ApiConformance, EachKindOfBoundHasItsReason) {
  json migration = Migration();
  migration["spec"]["attempt"] = 0;
  migration["spec"]["legacy"]["service"]["name"] = "UPPER";
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)),
            json({"FieldValueInvalid spec.attempt", "FieldValueInvalid spec.legacy.service.name"}));
  migration = Migration();
  migration["spec"]["desiredPhase"] = "Unheard";
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueNotSupported spec.desiredPhase"}));
  migration = Migration();
  migration["spec"]["legacy"]["service"]["name"] = std::string(64, 'a');
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)),
            json({"FieldValueInvalid <nil>", "FieldValueTooLong spec.legacy.service.name"}));
  migration = Migration();
  for (int i = 0; i < 9; ++i)
    migration["spec"]["routes"][i] = {{"name", "r" + std::to_string(i)}, {"gatewayAPI", {{"name", "o" + std::to_string(i)}}}};
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueTooMany spec.routes"}));
  migration = Migration();
  migration["spec"]["routes"].push_back(migration["spec"]["routes"][0]);
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueDuplicate spec.routes[1]", "FieldValueInvalid spec.routes"}));
  migration = Migration();
  migration["spec"].erase("plan");
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueRequired spec.plan"}));
  migration = Migration();
  migration["spec"]["plan"]["shift"]["steps"] = json::array();
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid spec.plan.shift.steps"}));
}

TEST_F(ApiConformance, TheStatusIsJudgedToo) {
  Made(kSoftMigrations, Migration());
  const std::string path = Path(kSoftMigrations, "move", "status");
  EXPECT_EQ(Verdict(Merge(path, {{"status", {{"phase", "Unheard"}, {"currentWeight", 101}}}})),
            json({"FieldValueInvalid <nil>", "FieldValueInvalid status.currentWeight", "FieldValueNotSupported status.phase"}));
  const json twice = {{{"name", "all"}}, {{"name", "all"}}};
  EXPECT_EQ(Verdict(Merge(path, {{"status", {{"components", twice}}}})), json({"FieldValueDuplicate status.components[1]"}));
  EXPECT_EQ(Verdict(Merge(path, {{"status", {{"lastRollback", {{"at", "yesterday"}}}}}})),
            json({"FieldValueInvalid <nil>", "FieldValueTypeInvalid status.lastRollback.at"}));
  EXPECT_EQ(Verdict(Merge(path, {{"status", {{"lastRollback", {{"at", "2026-11-22T22:00:00.123Z"}}}}}})), "accepted");
}

TEST_F(ApiConformance, AttemptNeverFalls) {
  json migration = Migration();
  migration["spec"]["attempt"] = 3;
  Made(kSoftMigrations, migration);
  const json refused = {"FieldValueInvalid spec.attempt"};
  EXPECT_EQ(Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", {{"attempt", 2}}}})), refused);
  EXPECT_EQ(Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", {{"attempt", nullptr}}}})), refused);
  EXPECT_EQ(Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", {{"attempt", 4}}}})), "accepted");
}

TEST_F(ApiConformance, WhatWasAdoptedStaysUntilItIsGivenBack) {
  const json spec = Made(kSoftMigrations, Migration())["spec"];
  const json service = {{"service", {{"name", "another"}}}};
  const json route = json::parse(R"([{"name": "web", "gatewayAPI": {"name": "another"}}])");
  const json components = json::parse(R"([{"name": "one", "rules": [{"route": "web", "rule": "all"}]}])");
  const std::vector<std::pair<std::string, json>> changes = {
      {"legacy", service}, {"target", service}, {"routes", route}, {"components", components}};
  const auto change = [&](const std::string& field, const json& to) {
    return Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", {{field, to}}}}));
  };
  Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"routes", {{{"name", "web"}, {"uid", "u"}, {"saved", "{}"}}}}}}});
  for (const auto& [field, to] : changes) EXPECT_EQ(change(field, to), json({"FieldValueInvalid spec." + field}));
  EXPECT_EQ(change("paused", true), "accepted");
  json managed = spec["routes"];
  managed[0]["gatewayAPI"]["ownership"] = "Managed";
  for (const char* host : {"a.example.com", "b.example.com"}) {
    managed[0]["gatewayAPI"]["template"] = json::parse(R"({"spec": {"parentRefs": [{"name": "gw"}], "rules": [{"name": "all"}]}})");
    managed[0]["gatewayAPI"]["template"]["spec"]["hostnames"] = json::array({host});
    EXPECT_EQ(change("routes", managed), "accepted");
  }
  managed.push_back({{"name", "second"}, {"gatewayAPI", {{"name", "second"}}}});
  EXPECT_EQ(change("routes", managed), json({"FieldValueInvalid spec.routes"}));
  Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"routes", json::array()}}}});
  for (const auto& [field, to] : changes)
    EXPECT_EQ(change(field, to), field == "target" ? json({"FieldValueInvalid spec.target.service.name"}) : json("accepted"));
}

TEST_F(ApiConformance, ARequiredSpecCannotBeTakenAway) {
  Made(kSoftMigrations, Migration());
  EXPECT_EQ(Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", nullptr}})),
            json({"FieldValueInvalid <nil>", "FieldValueRequired spec"}));
  EXPECT_EQ(Verdict(Merge(Path(kSoftMigrations, "move"), {{"spec", {{"analysis", nullptr}}}})),
            json({"FieldValueInvalid <nil>", "FieldValueRequired spec.analysis"}));
}

TEST_F(ApiConformance, NullTakesADefaultWhereThereIsOne) {
  json migration = Migration();
  migration["spec"]["paused"] = nullptr;
  EXPECT_EQ(Made(kSoftMigrations, migration)["spec"]["paused"], false);
  migration = Migration("another");
  migration["spec"]["components"] = nullptr;
  EXPECT_FALSE(Made(kSoftMigrations, migration)["spec"].contains("components")) << "and is dropped where there is none";
  migration["spec"]["legacy"] = nullptr;
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueRequired spec.legacy"}));
  migration["spec"] = nullptr;
  EXPECT_EQ(Verdict(Post(Path(kSoftMigrations), migration)), json({"FieldValueInvalid <nil>", "FieldValueRequired spec"}));
}

/// One route that is changed at one place, and what is said of it.
struct RouteCase {
  const char* name;
  const char* patch;
  json verdict;
};

std::vector<RouteCase> RouteCases() {
  const json kAccepted = "accepted";
  return {
      {"the highest weight", R"([{"op": "add", "path": "/spec/rules/0/backendRefs/0/weight", "value": 1000000}])", kAccepted},
      {"a weight above",
       R"([{"op": "add", "path": "/spec/rules/0/backendRefs/0/weight", "value": 1000001}])",
       {"FieldValueInvalid spec.rules[0].backendRefs[0].weight"}},
      {"a weight below 0",
       R"([{"op": "add", "path": "/spec/rules/0/backendRefs/0/weight", "value": -1}])",
       {"FieldValueInvalid spec.rules[0].backendRefs[0].weight"}},
      {"a weight as text",
       R"([{"op": "add", "path": "/spec/rules/0/backendRefs/0/weight", "value": "1"}])",
       {"FieldValueInvalid <nil>", "FieldValueTypeInvalid spec.rules[0].backendRefs[0].weight"}},
      {"a backend without a name",
       R"([{"op": "remove", "path": "/spec/rules/0/backendRefs/0/name"}])",
       {"FieldValueInvalid <nil>", "FieldValueRequired spec.rules[0].backendRefs[0].name"}},
      {"a Service without a port",
       R"([{"op": "remove", "path": "/spec/rules/0/backendRefs/0/port"}])",
       {"FieldValueInvalid spec.rules[0].backendRefs[0]"}},
      {"another kind without a port",
       R"([{"op": "replace", "path": "/spec/rules/0/backendRefs/0", "value": {"group": "x.io", "kind": "X", "name": "x"}}])", kAccepted},
      {"no backends", R"([{"op": "replace", "path": "/spec/rules/0/backendRefs", "value": []}])", kAccepted},
      {"a path without a slash",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"value": "a"}}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].path"}},
      {"a path with two slashes",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"value": "/a//b"}}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].path"}},
      {"a path that leads up",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"value": "/a/.."}}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].path"}},
      {"a path with an encoded slash",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"value": "/a%2Fb"}}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].path"}},
      {"a path with a space",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"value": "/a b"}}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].path"}},
      {"an expression as a path",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"path": {"type": "RegularExpression", "value": "a//b"}}]}])",
       kAccepted},
      {"an unknown method",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"method": "FETCH"}]}])",
       {"FieldValueInvalid <nil>", "FieldValueNotSupported spec.rules[0].matches[0].method"}},
      {"one header twice",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"headers": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}]}])",
       {"FieldValueDuplicate spec.rules[0].matches[0].headers[1]"}},
      {"a header name with a space",
       R"([{"op": "add", "path": "/spec/rules/0/matches", "value": [{"headers": [{"name": "a b", "value": "1"}]}]}])",
       {"FieldValueInvalid spec.rules[0].matches[0].headers[0].name"}},
      {"two rules of one name", R"([{"op": "add", "path": "/spec/rules/1", "value": {"name": "all"}}])", {"FieldValueInvalid spec.rules"}},
      {"a rule name in capitals",
       R"([{"op": "replace", "path": "/spec/rules/0/name", "value": "All"}])",
       {"FieldValueInvalid spec.rules[0].name"}},
      {"a host name with a port",
       R"([{"op": "replace", "path": "/spec/hostnames/0", "value": "a:80"}])",
       {"FieldValueInvalid spec.hostnames[0]"}},
      {"the same parent twice",
       R"([{"op": "add", "path": "/spec/parentRefs/1", "value": {"name": "gw"}}])",
       {"FieldValueInvalid spec.parentRefs"}},
      {"two parts of a parent",
       R"([{"op": "replace", "path": "/spec/parentRefs", "value": [{"name": "gw", "sectionName": "a"}, {"name": "gw", "sectionName": "b"}]}])",
       kAccepted},
      {"one part said, the other not",
       R"([{"op": "add", "path": "/spec/parentRefs/1", "value": {"name": "gw", "sectionName": "b"}}])",
       {"FieldValueInvalid spec.parentRefs"}},
      {"a filter without its part",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestMirror"}]}])",
       {"FieldValueInvalid spec.rules[0].filters[0]"}},
      {"a filter with another's part",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestHeaderModifier", "responseHeaderModifier": {}}]}])",
       {"FieldValueInvalid spec.rules[0].filters[0]"}},
      {"a mirror",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x", "port": 1}, "percent": 5}}]}])",
       kAccepted},
      {"a mirror without a port",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x"}}}]}])",
       {"FieldValueInvalid spec.rules[0].filters[0].requestMirror.backendRef"}},
      {"a redirect beside backends",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}])",
       {"FieldValueInvalid spec.rules[0]"}},
      {"header filters",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}], "remove": ["c"]}}]}])",
       kAccepted},
      {"one header filter twice",
       R"([{"op": "add", "path": "/spec/rules/0/filters", "value": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {}}, {"type": "RequestHeaderModifier", "requestHeaderModifier": {}}]}])",
       {"FieldValueInvalid spec.rules[0].filters"}},
      {"timeouts", R"([{"op": "add", "path": "/spec/rules/0/timeouts", "value": {"request": "10s", "backendRequest": "2s"}}])", kAccepted},
      {"a longer timeout inside",
       R"([{"op": "add", "path": "/spec/rules/0/timeouts", "value": {"request": "1s", "backendRequest": "2s"}}])",
       {"FieldValueInvalid spec.rules[0].timeouts"}},
      {"a timeout without a unit",
       R"([{"op": "add", "path": "/spec/rules/0/timeouts", "value": {"request": "10"}}])",
       {"FieldValueInvalid spec.rules[0].timeouts.request"}},
      {"no spec", R"([{"op": "remove", "path": "/spec"}])", {"FieldValueInvalid <nil>", "FieldValueRequired spec"}},
  };
}

TEST_F(ApiConformance, RoutesAreJudgedAsTheGatewayApiSays) {
  for (const RouteCase& row : RouteCases()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(Verdict(Post(Path(kHttpRoutes) + "?dryRun=All", Route().patch(json::parse(row.patch)))), row.verdict);
  }
}

TEST_F(ApiConformance, ARouteHoldsSixteenRulesAnd128Matches) {
  json route = Route();
  for (int i = 1; i < 16; ++i) route["spec"]["rules"].push_back({{"name", "r" + std::to_string(i)}});
  EXPECT_EQ(Verdict(Post(Path(kHttpRoutes) + "?dryRun=All", route)), "accepted");
  json longer = route;
  longer["spec"]["rules"].push_back({{"name", "last"}});
  EXPECT_EQ(Verdict(Post(Path(kHttpRoutes) + "?dryRun=All", longer)), json({"FieldValueInvalid <nil>", "FieldValueTooMany spec.rules"}));
  json matches = json::array();
  for (int i = 0; i < 57; ++i) matches.push_back({{"path", {{"value", "/" + std::to_string(i)}}}});
  route["spec"]["rules"][0]["matches"] = matches;
  route["spec"]["rules"][1]["matches"] = matches;
  EXPECT_EQ(Verdict(Post(Path(kHttpRoutes) + "?dryRun=All", route)), "accepted") << "57 + 57 + 14";
  route["spec"]["rules"][1]["matches"].push_back({{"path", {{"value", "/last"}}}});
  EXPECT_EQ(Verdict(Post(Path(kHttpRoutes) + "?dryRun=All", route)), json({"FieldValueInvalid spec.rules"}));
}

}  // namespace
}  // namespace softmig::api_conformance
