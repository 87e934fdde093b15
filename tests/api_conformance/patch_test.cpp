// JSON patch and merge patch.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kHttpRoutes;
using kube::kSoftMigrations;

const json kMove = {{"name", "move"}, {"kind", "softmigrations"}, {"group", "softmigration.io"}};
const json kWeight = "/spec/rules/0/backendRefs/0/weight";

TEST_F(ApiConformance, MergePatchSetsMergesAndRemoves) {
  Made(kSoftMigrations, Migration());
  Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"annotations", {{"a", "1"}, {"b", "2"}}}}}});
  const Reply written = Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"annotations", {{"a", nullptr}, {"c", "3"}}}}},
                                                              {"spec", {{"attempt", 2}, {"plan", {{"onBreach", "Hold"}}}}}});
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["metadata"]["annotations"], json::parse(R"({"b": "2", "c": "3"})"));
  EXPECT_EQ(written.body["spec"]["plan"]["onBreach"], "Hold");
  EXPECT_EQ(written.body["spec"]["plan"]["shift"]["steps"].size(), 2U);
  const json emptied = Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"annotations", nullptr}}}}).body;
  EXPECT_FALSE(emptied["metadata"].contains("annotations"));
}

TEST_F(ApiConformance, MergePatchRemovesWhatStatusNoLongerHas) {
  Made(kSoftMigrations, Migration());
  const json status = json::parse(R"({"phase": "Shift", "currentWeight": 50, "components": [{"name": "all", "weight": 50}],
                                      "lastRollback": {"reason": "MetricBreached", "from": 50}})");
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), {{"status", status}}).status, 200);
  const json change = json::parse(R"({"phase": "Complete", "currentWeight": null, "lastRollback": {"from": null}, "components": []})");
  EXPECT_EQ(
      Merge(Path(kSoftMigrations, "move", "status"), {{"status", change}}).body["status"],
      json::parse(R"({"observedGeneration": -1, "phase": "Complete", "components": [], "lastRollback": {"reason": "MetricBreached"}})"));
}

TEST_F(ApiConformance, AVersionInAMergePatchIsAPrecondition) {
  const json made = Made(kSoftMigrations, Migration());
  const json patch = {{"metadata", {{"resourceVersion", Version(made)}, {"uid", made["metadata"]["uid"]}}},
                      {"status", {{"phase", "Shift"}}}};
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), patch).status, 200);
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move", "status"), patch)), Refused(409, "Conflict", kMove));
  const json finalizer = {{"metadata", {{"resourceVersion", Version(made)}, {"finalizers", {"a/b"}}}}};
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), finalizer)), Refused(409, "Conflict", kMove));
  json details = kMove;
  details["causes"] = {"FieldValueInvalid metadata.resourceVersion"};
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"resourceVersion", nullptr}}}})), Refused(422, "Invalid", details));
}

TEST_F(ApiConformance, AUidInAMergePatchIsAPreconditionOfTheMainPathOnly) {
  Made(kSoftMigrations, Migration());
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"uid", "another"}}}})),
            Refused(422, "Invalid", Fields(kSoftMigrations, "move", {"FieldValueInvalid metadata.uid"})));
  // The status path takes nothing of the metadata, and so does not look at the uid: only the version guards.
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move", "status"), {{"metadata", {{"uid", "another"}}}, {"status", {{"phase", "Shift"}}}}).status,
            200);
}

TEST_F(ApiConformance, PatchOfTheNameIsRefused) {
  Made(kSoftMigrations, Migration());
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"name", "another"}}}})), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, JsonPatchChangesOneValue) {
  Made(kHttpRoutes, Route());
  const Reply written = JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "test"}, {"path", kWeight}, {"value", 1}},
                                                                  {{"op", "replace"}, {"path", kWeight}, {"value", 7}}});
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["spec"]["rules"][0]["backendRefs"][0]["weight"], 7);
  EXPECT_EQ(written.body["metadata"]["generation"], 2);
  const json ref = {{"name", "payments-next"}, {"port", 80}, {"weight", 3}};
  const Reply added = JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "add"}, {"path", "/spec/rules/0/backendRefs/-"}, {"value", ref}}});
  EXPECT_EQ(added.body["spec"]["rules"][0]["backendRefs"][1]["kind"], "Service");
  const Reply removed = JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "remove"}, {"path", "/spec/rules/0/backendRefs/0"}}});
  EXPECT_EQ(removed.body["spec"]["rules"][0]["backendRefs"].size(), 1U);
  EXPECT_EQ(removed.body["spec"]["rules"][0]["backendRefs"][0]["name"], "payments-next");
}

TEST_F(ApiConformance, AFailedTestOfAJsonPatchNamesNothing) {
  const json made = Made(kHttpRoutes, Route());
  const json change = {{"op", "replace"}, {"path", kWeight}, {"value", 7}};
  EXPECT_EQ(Brief(JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "test"}, {"path", kWeight}, {"value", 5}}, change})),
            Refused(422, "Invalid"));
  EXPECT_EQ(Brief(JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "test"}, {"path", "/spec/rules/5/name"}, {"value", "x"}}, change})),
            Refused(422, "Invalid"));
  EXPECT_EQ(Brief(JsonPatch(Path(kHttpRoutes, "payments"), {change, {{"op", "remove"}, {"path", "/spec/unheard"}}})),
            Refused(422, "Invalid"));
  EXPECT_EQ(Get(Path(kHttpRoutes, "payments")).body, made);
}

TEST_F(ApiConformance, AJsonPatchThatMakesTheObjectInvalidNamesTheField) {
  Made(kHttpRoutes, Route());
  EXPECT_EQ(Brief(JsonPatch(Path(kHttpRoutes, "payments"), {{{"op", "replace"}, {"path", kWeight}, {"value", 1'000'001}}})),
            Refused(422, "Invalid", Fields(kHttpRoutes, "payments", {"FieldValueInvalid spec.rules[0].backendRefs[0].weight"})));
}

TEST_F(ApiConformance, AJsonPatchMayTestTheVersion) {
  const json made = Made(kHttpRoutes, Route());
  const json test = {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", Version(made)}};
  const auto weigh = [](int weight) { return json{{"op", "replace"}, {"path", kWeight}, {"value", weight}}; };
  EXPECT_EQ(JsonPatch(Path(kHttpRoutes, "payments"), {test, weigh(7)}).status, 200);
  EXPECT_EQ(Brief(JsonPatch(Path(kHttpRoutes, "payments"), {test, weigh(8)})), Refused(422, "Invalid"));
}

TEST_F(ApiConformance, PatchesThatAreNoneAreRefused) {
  Made(kSoftMigrations, Migration());
  const std::string path = Path(kSoftMigrations, "move");
  EXPECT_EQ(Brief(JsonPatch(path, json::object())), Refused(400, "BadRequest"));
  EXPECT_EQ(Brief(JsonPatch(path, {{{"op", "unheard"}, {"path", "/spec/paused"}}})), Refused(422, "Invalid"));
  EXPECT_EQ(Brief(Merge(path, json::array())), Refused(400, "BadRequest"));
  EXPECT_EQ(Brief(peer().Send(http::Method::kPatch, path, "{", kMerge)), Refused(400, "BadRequest"));
  EXPECT_EQ(Brief(peer().Send(http::Method::kPatch, path, "{", kJsonPatch)), Refused(400, "BadRequest"));
  EXPECT_EQ(Brief(peer().Send(http::Method::kPatch, path, "{}", "text/plain")), Refused(415, "UnsupportedMediaType"));
  EXPECT_EQ(Brief(peer().Send(http::Method::kPatch, path, "{}", "application/strategic-merge-patch+json")),
            Refused(415, "UnsupportedMediaType"));
}

TEST_F(ApiConformance, ADryRunChangesNothing) {
  const json made = Made(kSoftMigrations, Migration());
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move") + "?dryRun=All", {{"spec", {{"paused", true}}}}).body["spec"]["paused"], true);
  EXPECT_EQ(Post(Path(kSoftMigrations) + "?dryRun=All", Migration("another")).status, 201);
  EXPECT_EQ(Delete(Path(kSoftMigrations, "move") + "?dryRun=All").status, 200);
  EXPECT_EQ(Get(Path(kSoftMigrations, "move")).body, made);
  EXPECT_EQ(Get(Path(kSoftMigrations, "another")).status, 404);
}

}  // namespace
}  // namespace softmig::api_conformance
