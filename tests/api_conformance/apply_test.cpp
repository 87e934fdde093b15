// Who owns which field: managedFields of every kind of write, server-side apply.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kHttpRoutes;
using kube::kSoftMigrations;

const json kWeigh = {{{"op", "replace"}, {"path", "/spec/rules/0/backendRefs/0/weight"}, {"value", 7}}};

json Expected(const char* text) { return json::parse(text); }

TEST_F(ApiConformance, TheCreatorOwnsWhatItWrote) {
  EXPECT_EQ(Managers(Made(kHttpRoutes, Route(), "?fieldManager=user")),
            Expected(R"([["user Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}, "f:rules": {}}}]])"));
}

TEST_F(ApiConformance, WithoutAFieldManagerTheUserAgentIsIt) { EXPECT_EQ(Managers(Made(kHttpRoutes, Route()))[0][0], "suite Update"); }

TEST_F(ApiConformance, AMigrationsFieldsAreOwnedByListKeys) {
  EXPECT_EQ(Managers(Made(kSoftMigrations, Migration(), "?fieldManager=user")), Expected(R"([["user Update", {"f:spec": {".": {},
    "f:analysis": {".": {}, "f:alpha": {}, "f:beta": {}, "f:delay": {}, "f:interval": {}, "f:metrics": {".": {}, "k:{\"name\":\"health\"}": {".": {}, "f:max": {}, "f:name": {},
      "f:prometheus": {".": {}, "f:address": {}, "f:query": {}}}}},
    "f:attempt": {}, "f:desiredPhase": {}, "f:paused": {},
    "f:legacy": {".": {}, "f:service": {".": {}, "f:name": {}, "f:port": {}}},
    "f:target": {".": {}, "f:service": {".": {}, "f:name": {}, "f:port": {}}},
    "f:plan": {".": {}, "f:onBreach": {}, "f:onNoEvidence": {".": {}, "f:deadline": {}, "f:policy": {}, "f:then": {}},
               "f:shift": {".": {}, "f:steps": {}}},
    "f:routes": {".": {}, "k:{\"name\":\"web\"}": {".": {}, "f:name": {},
                 "f:gatewayAPI": {".": {}, "f:kind": {}, "f:name": {}, "f:ownership": {}}}}}}]])"));
}

TEST_F(ApiConformance, TheLastWriterOfTheRulesOwnsThem) {
  Made(kHttpRoutes, Route(), "?fieldManager=user");
  const json by_operator = JsonPatch(Path(kHttpRoutes, "payments") + "?fieldManager=softmigration", kWeigh).body;
  EXPECT_EQ(Managers(by_operator), Expected(R"([["softmigration Update", {"f:spec": {"f:rules": {}}}],
                                                ["user Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}}}]])"));
  json back = by_operator;
  back["spec"]["rules"][0]["backendRefs"][0]["weight"] = 1;
  const json by_user = Put(Path(kHttpRoutes, "payments") + "?fieldManager=gitops", back).body;
  EXPECT_EQ(Managers(by_user), Expected(R"([["gitops Update", {"f:spec": {"f:rules": {}}}],
                                            ["user Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}}}]])"));
  const json again = Merge(Path(kHttpRoutes, "payments") + "?fieldManager=user", {{"spec", {{"rules", {{{"name", "new"}}}}}}}).body;
  EXPECT_EQ(Managers(again), Expected(R"([["user Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}, "f:rules": {}}}]])"));
}

TEST_F(ApiConformance, TheStatusPathHasEntriesOfItsOwn) {
  Made(kHttpRoutes, Route(), "?fieldManager=one");
  const json parents = json::parse(R"([{"controllerName": "x/y", "parentRef": {"name": "gw"}}])");
  EXPECT_EQ(Managers(Merge(Path(kHttpRoutes, "payments", "status") + "?fieldManager=one", {{"status", {{"parents", parents}}}}).body),
            Expected(R"([["one Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}, "f:rules": {}}}],
                         ["one Update status", {"f:status": {".": {}, "f:parents": {}}}]])"));
}

TEST_F(ApiConformance, AStatusIsOwnedByListKeysToo) {
  Made(kSoftMigrations, Migration(), "?fieldManager=user");
  const json status = json::parse(R"({"phase": "Shift", "components": [{"name": "all", "weight": 50}]})");
  const json first = Merge(Path(kSoftMigrations, "move", "status") + "?fieldManager=softmigration", {{"status", status}}).body;
  EXPECT_EQ(Managers(first)[0], Expected(R"(["softmigration Update status", {"f:status": {"f:phase": {},
    "f:components": {".": {}, "k:{\"name\":\"all\"}": {".": {}, "f:name": {}, "f:weight": {}}}}}])"));
  const json second = Merge(Path(kSoftMigrations, "move", "status") + "?fieldManager=softmigration",
                            {{"status", {{"components", json::array()}, {"observedGeneration", 1}}}})
                          .body;
  EXPECT_EQ(Managers(second)[0], Expected(R"(["softmigration Update status", {"f:status": {"f:components": {}, "f:observedGeneration": {},
    "f:phase": {}}}])"));
}

TEST_F(ApiConformance, AnnotationsAndFinalizersAreFieldsToo) {
  Made(kHttpRoutes, Route(), "?fieldManager=user");
  const json patch = {{"metadata", {{"annotations", {{"a", "1"}}}, {"labels", {{"b", "2"}}}, {"finalizers", {"c/d"}}}}};
  EXPECT_EQ(Managers(Merge(Path(kHttpRoutes, "payments") + "?fieldManager=other", patch).body)[0],
            Expected(R"(["other Update", {"f:metadata": {"f:annotations": {".": {}, "f:a": {}}, "f:labels": {".": {}, "f:b": {}},
                                                         "f:finalizers": {".": {}, "v:\"c/d\"": {}}}}])"));
}

TEST_F(ApiConformance, ApplyCreatesAndOwnsWhatItNames) {
  const Reply made = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route());
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["spec"]["rules"][0]["backendRefs"][0]["weight"], 1);
  EXPECT_EQ(Managers(made.body), Expected(R"([["git Apply", {"f:spec": {"f:hostnames": {}, "f:parentRefs": {}, "f:rules": {}}}]])"));
  EXPECT_EQ(Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route()).body, made.body) << "the same again changes nothing";
}

TEST_F(ApiConformance, ApplyChangesItsOwnFields) {
  Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route());
  json route = Route();
  route["spec"]["hostnames"] = {"other.example.com"};
  const Reply written = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", route);
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["spec"]["hostnames"], json::parse(R"(["other.example.com"])"));
  EXPECT_EQ(written.body["metadata"]["generation"], 2);
}

TEST_F(ApiConformance, ApplyOverAnothersFieldConflicts) {
  Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route());
  const json live = JsonPatch(Path(kHttpRoutes, "payments") + "?fieldManager=softmigration", kWeigh).body;
  EXPECT_EQ(Managers(live), Expected(R"([["git Apply", {"f:spec": {"f:hostnames": {}, "f:parentRefs": {}}}],
                                         ["softmigration Update", {"f:spec": {"f:rules": {}}}]])"));
  const Reply refused = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route());
  EXPECT_EQ(Brief(refused), Refused(409, "Conflict", {{"causes", {"FieldManagerConflict .spec.rules"}}}));
  EXPECT_EQ(Get(Path(kHttpRoutes, "payments")).body, live);
  const Reply forced = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git&force=true", Route());
  EXPECT_EQ(forced.status, 200);
  EXPECT_EQ(forced.body["spec"]["rules"][0]["backendRefs"][0]["weight"], 1);
  EXPECT_EQ(Managers(forced.body), Expected(R"([["git Apply", {"f:spec": {"f:hostnames": {}, "f:parentRefs": {}, "f:rules": {}}}]])"));
}

TEST_F(ApiConformance, ApplyWithoutTheRulesKeepsAnothers) {
  Made(kHttpRoutes, Route(), "?fieldManager=user");
  json partial = Route();
  partial["spec"].erase("rules");
  partial["spec"].erase("parentRefs");
  const json live = JsonPatch(Path(kHttpRoutes, "payments") + "?fieldManager=softmigration", kWeigh).body;
  const Reply applied = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", partial);
  EXPECT_EQ(applied.status, 200) << applied.body.dump();
  EXPECT_EQ(applied.body["spec"], live["spec"]);
  EXPECT_EQ(Managers(applied.body),
            Expected(R"([["git Apply untimed", {"f:spec": {"f:hostnames": {}}}], ["softmigration Update", {"f:spec": {"f:rules": {}}}],
    ["user Update", {"f:spec": {".": {}, "f:hostnames": {}, "f:parentRefs": {}}}]])"));
}

TEST_F(ApiConformance, ApplyTakesAwayWhatItNoLongerNames) {
  json migration = Migration();
  migration["metadata"]["annotations"] = {{"a", "1"}, {"b", "2"}};
  migration["spec"]["desiredPhase"] = "Shift";
  migration["spec"]["routes"].push_back({{"name", "second"}, {"gatewayAPI", {{"name", "second"}}}});
  EXPECT_EQ(Apply(Path(kSoftMigrations, "move") + "?fieldManager=git", migration).status, 201);
  Merge(Path(kSoftMigrations, "move") + "?fieldManager=user", {{"spec", {{"paused", true}}}});
  const Reply written = Apply(Path(kSoftMigrations, "move") + "?fieldManager=git", Migration());
  EXPECT_EQ(written.status, 200) << written.body.dump();
  EXPECT_FALSE(written.body["metadata"].contains("annotations"));
  EXPECT_EQ(written.body["spec"]["desiredPhase"], "Complete") << "the default again";
  EXPECT_EQ(written.body["spec"]["routes"].size(), 1U);
  EXPECT_EQ(written.body["spec"]["paused"], true) << "another's";
}

TEST_F(ApiConformance, ApplyOfAMigrationMergesListsByTheirKeys) {
  Made(kSoftMigrations, Migration(), "?fieldManager=user");
  json partial = Object(kSoftMigrations, "move", json::parse(R"({"spec": {"analysis": {"metrics": [{"name": "second",
    "prometheus": {"address": "http://prometheus:9090", "query": "up"}, "min": "1"}]}}})"));
  const Reply applied = Apply(Path(kSoftMigrations, "move") + "?fieldManager=git", partial);
  EXPECT_EQ(applied.status, 200) << applied.body.dump();
  EXPECT_EQ(applied.body["spec"]["analysis"]["metrics"].size(), 2U);
  partial["spec"]["analysis"]["metrics"][0] = {{"name", "health"}, {"max", "0.7"}};
  EXPECT_EQ(Brief(Apply(Path(kSoftMigrations, "move") + "?fieldManager=other", partial)),
            Refused(409, "Conflict", {{"causes", {R"(FieldManagerConflict .spec.analysis.metrics[name="health"].max)"}}}));
  const json forced = Apply(Path(kSoftMigrations, "move") + "?fieldManager=other&force=true", partial).body;
  EXPECT_EQ(forced["spec"]["analysis"]["metrics"][0]["max"], "0.7");
  EXPECT_EQ(Managers(forced)[1], Expected(R"(["other Apply", {"f:spec": {"f:analysis": {"f:metrics": {"k:{\"name\":\"health\"}":
    {".": {}, "f:max": {}, "f:name": {}}}}}}])"));
}

TEST_F(ApiConformance, AppliedYamlIsRead) {
  const std::string text =
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: payments}\nspec:\n  hostnames: [\"a.example.com\"]\n";
  const Reply made = peer().Send(http::Method::kPatch, Path(kHttpRoutes, "payments") + "?fieldManager=git", text, kApply);
  EXPECT_EQ(made.status, 201) << made.body.dump();
  EXPECT_EQ(made.body["spec"]["hostnames"], json::parse(R"(["a.example.com"])"));
}

TEST_F(ApiConformance, ApplyNeedsAManagerAndNoManagedFields) {
  EXPECT_EQ(Brief(Apply(Path(kHttpRoutes, "payments"), Route())),
            Refused(422, "Invalid", {{"kind", "PatchOptions"}, {"group", "meta.k8s.io"}, {"causes", {"FieldValueRequired fieldManager"}}}));
  const json made = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route()).body;
  EXPECT_EQ(Brief(Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", made)), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, ApplyKeepsToTheVersionThatItNames) {
  const json made = Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git", Route()).body;
  JsonPatch(Path(kHttpRoutes, "payments") + "?fieldManager=git", kWeigh);
  json route = Route();
  route["metadata"]["resourceVersion"] = Version(made);
  EXPECT_EQ(Brief(Apply(Path(kHttpRoutes, "payments") + "?fieldManager=git&force=true", route))["code"], 409);
}

}  // namespace
}  // namespace softmig::api_conformance
