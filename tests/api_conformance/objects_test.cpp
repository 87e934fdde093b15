// One object's life: create, read, update, generation, versions.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kHttpRoutes;
using kube::kSoftMigrations;

const json kMove = {{"name", "move"}, {"kind", "softmigrations"}, {"group", "softmigration.io"}};

TEST_F(ApiConformance, CreateFillsInDefaultsAndMetadata) {
  const Reply made = Post(Path(kSoftMigrations), Migration());
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(Normal(made.body), json::parse(R"({
    "apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration",
    "metadata": {"name": "move", "namespace": "NS", "uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME", "generation": 1},
    "spec": {
      "legacy": {"service": {"name": "payments-legacy", "port": 80}}, "target": {"service": {"name": "payments-next", "port": 80}},
      "routes": [{"name": "web", "gatewayAPI": {"kind": "HTTPRoute", "name": "payments", "ownership": "Patch"}}],
      "desiredPhase": "Complete", "paused": false, "attempt": 1,
      "plan": {"shift": {"steps": [{"weight": 50, "hold": "0s"}, {"weight": 100, "hold": "0s"}]}, "onBreach": "Rollback",
               "onNoEvidence": {"policy": "Hold", "deadline": "15m", "then": "Rollback"}},
      "analysis": {"interval": "5s", "delay": "0s", "alpha": "0.01", "beta": "0.01",
        "metrics": [{"name": "health", "prometheus": {"address": "http://prometheus:9090", "query": "up"}, "max": "0.5"}]}},
    "status": {"observedGeneration": -1}})"));
  EXPECT_EQ(Get(Path(kSoftMigrations, "move")).body, made.body);
}

TEST_F(ApiConformance, CreateOfARouteFillsInWhatTheGatewayApiDefaults) {
  json route = Route();
  route["spec"]["rules"].push_back({{"matches", {{{"headers", {{{"name", "x"}, {"value", "1"}}}}}}}});
  const Reply made = Post(Path(kHttpRoutes), route);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(Normal(made.body), json::parse(R"({
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
    "metadata": {"name": "payments", "namespace": "NS", "uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME", "generation": 1},
    "spec": {
      "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"}], "hostnames": ["payments.example.com"],
      "rules": [
        {"name": "all", "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
         "backendRefs": [{"group": "", "kind": "Service", "name": "payments-legacy", "port": 80, "weight": 1}]},
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}, "headers": [{"type": "Exact", "name": "x", "value": "1"}]}]}]}})"));
}

TEST_F(ApiConformance, ARouteWithoutRulesGetsOne) {
  json route = Route();
  route["spec"].erase("rules");
  EXPECT_EQ(Made(kHttpRoutes, route)["spec"]["rules"], json::parse(R"([{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}])"));
}

TEST_F(ApiConformance, UnknownFieldsArePruned) {
  json migration = Migration();
  migration["spec"]["bridge"] = {{"image", "x"}};
  migration["spec"]["plan"]["shift"]["steps"][0]["unheard"] = 1;
  migration["metadata"]["unheard"] = 1;
  const json made = Made(kSoftMigrations, migration);
  EXPECT_FALSE(made["spec"].contains("bridge"));
  EXPECT_EQ(made["spec"]["plan"]["shift"]["steps"][0], json::parse(R"({"weight": 50, "hold": "0s"})"));
  EXPECT_FALSE(made["metadata"].contains("unheard"));
}

TEST_F(ApiConformance, CreateIgnoresAStatus) {
  json migration = Migration();
  migration["status"] = {{"phase", "Complete"}};
  EXPECT_EQ(Made(kSoftMigrations, migration)["status"], json::parse(R"({"observedGeneration": -1})"));
}

TEST_F(ApiConformance, CreateIgnoresWhatTheServerOwns) {
  json migration = Migration();
  migration["metadata"]["uid"] = "mine";
  migration["metadata"]["generation"] = 7;
  migration["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z";
  migration["metadata"]["deletionTimestamp"] = "2001-01-01T00:00:00Z";
  const json made = Made(kSoftMigrations, migration);
  EXPECT_NE(made["metadata"]["uid"], "mine");
  EXPECT_EQ(made["metadata"]["generation"], 1);
  EXPECT_NE(made["metadata"]["creationTimestamp"], "2001-01-01T00:00:00Z");
  EXPECT_FALSE(made["metadata"].contains("deletionTimestamp"));
}

TEST_F(ApiConformance, EveryObjectHasItsOwnUidAndAHigherVersion) {
  const json first = Made(kSoftMigrations, Migration());
  const json second = Made(kHttpRoutes, Route());
  EXPECT_NE(first["metadata"]["uid"], second["metadata"]["uid"]);
  EXPECT_TRUE(IsOlder(Version(first), Version(second)));
  EXPECT_EQ(Delete(Path(kSoftMigrations, "move")).status, 200);
  EXPECT_NE(Made(kSoftMigrations, Migration())["metadata"]["uid"], first["metadata"]["uid"]);
}

TEST_F(ApiConformance, CreateOfWhatExistsIsRefused) {
  Made(kSoftMigrations, Migration());
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), Migration())), Refused(409, "AlreadyExists", kMove));
}

TEST_F(ApiConformance, CreateWithAVersionIsRefused) {
  json migration = Migration();
  migration["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), migration)), Refused(500, ""));
}

TEST_F(ApiConformance, NamesAreChecked) {
  json migration = Migration("A_b");
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), migration)),
            Refused(422, "Invalid", Fields(kSoftMigrations, "A_b", {"FieldValueInvalid metadata.name"})));
  migration["metadata"].erase("name");
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), migration)),
            Refused(422, "Invalid", Fields(kSoftMigrations, "", {"FieldValueInvalid <nil>", "FieldValueRequired metadata.name"})));
}

TEST_F(ApiConformance, BodiesThatAreNoObjectAreRefused) {
  EXPECT_EQ(Brief(peer().Send(http::Method::kPost, Path(kSoftMigrations), "{", kJson)), Refused(400, "BadRequest"));
  json nameless = Migration();
  nameless.erase("kind");
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), nameless)), Refused(400, "BadRequest"));
  json elsewhere = Migration();
  elsewhere["metadata"]["namespace"] = "elsewhere";
  EXPECT_EQ(Brief(Post(Path(kSoftMigrations), elsewhere)), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, WhatIsNotThereIsNotFound) {
  const json refused = Refused(404, "NotFound", kMove);
  EXPECT_EQ(Brief(Get(Path(kSoftMigrations, "move"))), refused);
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations, "move"), Migration())), refused);
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), json::object())), refused);
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move", "status"), json::object())), refused);
  EXPECT_EQ(Brief(JsonPatch(Path(kSoftMigrations, "move"), json::array())), refused);
  EXPECT_EQ(Brief(Delete(Path(kSoftMigrations, "move"))), refused);
}

TEST_F(ApiConformance, PathsAndVerbsThatAreNotServedAreRefused) {
  EXPECT_EQ(Get("/apis/softmigration.io/v1alpha1/unheard").status, 404);
  EXPECT_EQ(Get("/apis/unheard.io/v1/unheard").status, 404);
  EXPECT_EQ(Get("/api/v1/namespaces/" + ns() + "/unheard").status, 404);
  EXPECT_EQ(Get(Path(kSoftMigrations, "move", "unheard")).status, 404);
  EXPECT_EQ(Brief(Put(Path(kube::kServices), Service())), Refused(405, "MethodNotAllowed"));
  EXPECT_EQ(Brief(Merge(Path(kube::kServices), json::object())), Refused(405, "MethodNotAllowed"));
  EXPECT_EQ(Brief(Post(Path(kube::kServices, "x"), Service("x"))), Refused(405, "MethodNotAllowed"));
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations), Migration())), Refused(400, "BadRequest"));
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations), json::object())), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, AChangeOfTheSpecRaisesTheGeneration) {
  const json made = Made(kSoftMigrations, Migration());
  const Reply changed = Merge(Path(kSoftMigrations, "move"), {{"spec", {{"paused", true}}}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body["metadata"]["generation"], 2);
  EXPECT_EQ(changed.body["metadata"]["uid"], made["metadata"]["uid"]);
  EXPECT_EQ(changed.body["metadata"]["creationTimestamp"], made["metadata"]["creationTimestamp"]);
  EXPECT_TRUE(IsOlder(Version(made), Version(changed.body)));
  const json labelled = Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"labels", {{"a", "b"}}}}}}).body;
  EXPECT_EQ(labelled["metadata"]["generation"], 2);
  EXPECT_EQ(labelled["metadata"]["labels"], json::parse(R"({"a": "b"})"));
  EXPECT_TRUE(IsOlder(Version(changed.body), Version(labelled)));
}

TEST_F(ApiConformance, TheFirstWriteStoresTheDefaultStatus) {
  const json made = Made(kSoftMigrations, Migration(), "?fieldManager=one");
  const json first = Merge(Path(kSoftMigrations, "move") + "?fieldManager=two", json::object()).body;
  EXPECT_EQ(Normal(first), Normal(made));
  EXPECT_EQ(Managers(first), Managers(made));
  EXPECT_TRUE(IsOlder(Version(made), Version(first)));
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move") + "?fieldManager=two", json::object()).body, first);
  const json route = Made(kHttpRoutes, Route());
  EXPECT_EQ(Merge(Path(kHttpRoutes, "payments"), json::object()).body, route) << "a kind without such a default";
}

TEST_F(ApiConformance, WritingNothingNewKeepsTheVersion) {
  Made(kSoftMigrations, Migration(), "?fieldManager=one");
  const json made = Merge(Path(kSoftMigrations, "move"), {{"spec", {{"attempt", 2}}}}).body;
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move") + "?fieldManager=two", {{"spec", {{"paused", false}}}})), Normal(made));
  EXPECT_EQ(Get(Path(kSoftMigrations, "move")).body, made);
  EXPECT_EQ(Put(Path(kSoftMigrations, "move") + "?fieldManager=two", made).body, made);
  EXPECT_EQ(JsonPatch(Path(kSoftMigrations, "move"), json::array()).body, made);
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"observedGeneration", -1}}}}).body, made);
}

TEST_F(ApiConformance, PutNeedsTheLatestVersion) {
  const json made = Made(kSoftMigrations, Migration());
  json changed = made;
  changed["spec"]["paused"] = true;
  const Reply written = Put(Path(kSoftMigrations, "move"), changed);
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations, "move"), changed)), Refused(409, "Conflict", kMove));
  changed["metadata"].erase("resourceVersion");
  json details = kMove;
  details["causes"] = {"FieldValueInvalid metadata.resourceVersion"};
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations, "move"), changed)), Refused(422, "Invalid", details));
}

TEST_F(ApiConformance, PutOfAnotherObjectIsRefused) {
  json object = Made(kSoftMigrations, Migration());
  object["metadata"]["uid"] = "another";
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations, "move"), object)), Refused(409, "Conflict", kMove));
  object["metadata"]["name"] = "another";
  EXPECT_EQ(Brief(Put(Path(kSoftMigrations, "move"), object)), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, PutReplacesAndDefaultsAgain) {
  json object = Made(kSoftMigrations, Migration());
  object["spec"] = Migration()["spec"];
  object["spec"]["plan"]["onBreach"] = "Hold";
  object["metadata"].erase("uid");
  object["metadata"].erase("creationTimestamp");
  const Reply written = Put(Path(kSoftMigrations, "move"), object);
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["spec"]["plan"]["onBreach"], "Hold");
  EXPECT_EQ(written.body["spec"]["attempt"], 1);
  EXPECT_TRUE(written.body["metadata"].contains("uid"));
  EXPECT_EQ(written.body["metadata"]["generation"], 2);
}

TEST_F(ApiConformance, TheMainPathLeavesTheStatusAlone) {
  json object = Made(kSoftMigrations, Migration());
  Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"phase", "Shift"}}}});
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move"), {{"spec", {{"paused", true}}}, {"status", {{"phase", "Complete"}}}}).body["status"],
            json::parse(R"({"observedGeneration": -1, "phase": "Shift"})"));
  object = Get(Path(kSoftMigrations, "move")).body;
  object.erase("status");
  EXPECT_EQ(Put(Path(kSoftMigrations, "move"), object).body["status"], json::parse(R"({"observedGeneration": -1, "phase": "Shift"})"));
}

TEST_F(ApiConformance, EveryVerdictOfAMetricCanBeWritten) {
  Made(kSoftMigrations, Migration());
  for (const char* verdict : {"Pass", "Breach", "Undecided", "NoData", "Stale", "NaN", "Error"}) {
    const json metric = {
        {"name", "m"}, {"verdict", verdict}, {"at", "2026-01-01T00:00:00Z"}, {"since", "2026-01-01T00:00:00Z"}, {"evidence", "x"}};
    const json component = {{"name", "all"}, {"phase", "Shift"}, {"weight", 0}, {"metrics", {metric}}};
    const Reply written = Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"components", {component}}}}});
    EXPECT_EQ(written.status, 200) << verdict << written.body.dump();
  }
  const json other = {{"name", "all"}, {"phase", "Shift"}, {"weight", 0}, {"metrics", {{{"name", "m"}, {"verdict", "Maybe"}}}}};
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"components", {other}}}}}).status, 422);
}

TEST_F(ApiConformance, TheStatusPathLeavesTheRestAlone) {
  const json made = Made(kSoftMigrations, Migration());
  const Reply written = Merge(Path(kSoftMigrations, "move", "status"), {{"metadata", {{"labels", {{"a", "b"}}}, {"finalizers", {"a/b"}}}},
                                                                        {"spec", {{"paused", true}}},
                                                                        {"status", {{"phase", "Shift"}, {"unheard", 1}}}});
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["spec"], made["spec"]);
  EXPECT_EQ(written.body["status"], json::parse(R"({"observedGeneration": -1, "phase": "Shift"})"));
  EXPECT_EQ(written.body["metadata"]["generation"], 1);
  EXPECT_FALSE(written.body["metadata"].contains("labels"));
  EXPECT_FALSE(written.body["metadata"].contains("finalizers"));
  EXPECT_TRUE(IsOlder(Version(made), Version(written.body)));
  EXPECT_EQ(Get(Path(kSoftMigrations, "move", "status")).body, written.body);
}

TEST_F(ApiConformance, AStatusThatIsTakenAwayComesBackAsTheDefault) {
  Made(kSoftMigrations, Migration());
  Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"phase", "Shift"}}}});
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), {{"status", nullptr}}).body["status"],
            json::parse(R"({"observedGeneration": -1})"));
}

TEST_F(ApiConformance, ARoutesStatusIsWrittenByItsOwnPath) {
  json route = Made(kHttpRoutes, Route());
  EXPECT_FALSE(route.contains("status"));
  const json parents = json::parse(R"([{"controllerName": "x/y", "parentRef": {"name": "gw"}, "conditions": [{"type": "Accepted",
    "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 1, "lastTransitionTime": "2026-11-22T22:00:00Z"}]}])");
  const Reply written = Merge(Path(kHttpRoutes, "payments", "status"), {{"status", {{"parents", parents}}}});
  EXPECT_EQ(written.status, 200) << written.body.dump();
  EXPECT_EQ(written.body["status"]["parents"][0]["parentRef"],
            json::parse(R"({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"})"));
  EXPECT_EQ(written.body["metadata"]["generation"], 1);
  EXPECT_EQ(Merge(Path(kHttpRoutes, "payments"), {{"status", nullptr}, {"spec", {{"hostnames", {"a.example.com"}}}}}).body["status"],
            written.body["status"]);
}

}  // namespace
}  // namespace softmig::api_conformance
