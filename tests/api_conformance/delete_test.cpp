// Deletion and finalizers.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kSoftMigrations;

json Success(const json& object, const kube::ResourceType& type) {
  json details = {{"name", object["metadata"]["name"]}, {"kind", type.plural}, {"uid", object["metadata"]["uid"]}};
  if (!type.group.empty()) details["group"] = type.group;
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::object()}, {"status", "Success"}, {"details", details}};
}

TEST_F(ApiConformance, DeleteWithoutFinalizersIsAtOnce) {
  const json made = Made(kSoftMigrations, Migration());
  const Reply deleted = Delete(Path(kSoftMigrations, "move"));
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, Success(made, kSoftMigrations));
  EXPECT_EQ(Get(Path(kSoftMigrations, "move")).status, 404);
}

TEST_F(ApiConformance, DeleteOfAServiceAnswersTheService) {
  const json made = Made(kube::kServices, Service());
  EXPECT_EQ(Brief(Delete(Path(kube::kServices, "payments-legacy"))), Normal(made));
  const json slice = Made(kube::kEndpointSlices, Slice());
  EXPECT_EQ(Delete(Path(kube::kEndpointSlices, "payments-legacy")).body, Success(slice, kube::kEndpointSlices));
}

TEST_F(ApiConformance, DeleteWaitsForFinalizers) {
  json migration = Migration();
  migration["metadata"]["finalizers"] = {"a/b"};
  const json made = Made(kSoftMigrations, migration);
  const Reply deleted = Delete(Path(kSoftMigrations, "move"));
  json expected = Normal(made);
  expected["metadata"]["deletionTimestamp"] = "TIME";
  expected["metadata"]["deletionGracePeriodSeconds"] = 0;
  expected["metadata"]["generation"] = 2;
  EXPECT_EQ(Brief(deleted), expected);
  EXPECT_EQ(Delete(Path(kSoftMigrations, "move")).body, deleted.body) << "a second time changes nothing";
  const Reply written = Merge(Path(kSoftMigrations, "move", "status"), {{"status", {{"phase", "RolledBack"}}}});
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["metadata"]["deletionTimestamp"], deleted.body["metadata"]["deletionTimestamp"]);
}

TEST_F(ApiConformance, TheLastFinalizersRemovalDeletes) {
  json migration = Migration();
  migration["metadata"]["finalizers"] = {"a/b", "c/d"};
  Made(kSoftMigrations, migration);
  Delete(Path(kSoftMigrations, "move"));
  const json half = Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"finalizers", {"c/d"}}}}}).body;
  EXPECT_EQ(half["metadata"]["finalizers"], json::parse(R"(["c/d"])"));
  const Reply gone = Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"finalizers", json::array()}}}});
  json expected = Normal(half);
  expected["metadata"].erase("finalizers");
  EXPECT_EQ(Brief(gone), expected);
  EXPECT_EQ(Get(Path(kSoftMigrations, "move")).status, 404);
}

TEST_F(ApiConformance, NoFinalizerIsAddedWhileDeleting) {
  json migration = Migration();
  migration["metadata"]["finalizers"] = {"a/b"};
  Made(kSoftMigrations, migration);
  Delete(Path(kSoftMigrations, "move"));
  EXPECT_EQ(Brief(Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"finalizers", {"a/b", "c/d"}}}}})),
            Refused(422, "Invalid", Fields(kSoftMigrations, "move", {"FieldValueForbidden metadata.finalizers"})));
}

TEST_F(ApiConformance, TheMarkOfDeletionCannotBeTakenAway) {
  json migration = Migration();
  migration["metadata"]["finalizers"] = {"a/b"};
  Made(kSoftMigrations, migration);
  const json deleted = Delete(Path(kSoftMigrations, "move")).body;
  EXPECT_EQ(Merge(Path(kSoftMigrations, "move"), {{"metadata", {{"deletionTimestamp", nullptr}}}}).body, deleted);
  const json edited = Merge(Path(kSoftMigrations, "move"), {{"spec", {{"paused", true}}}}).body;
  EXPECT_EQ(edited["metadata"]["generation"], 3);
  EXPECT_EQ(edited["metadata"]["deletionTimestamp"], deleted["metadata"]["deletionTimestamp"]);
}

TEST_F(ApiConformance, DeleteKeepsToItsPreconditions) {
  const json made = Made(kSoftMigrations, Migration());
  const json details = {{"name", "move"}, {"kind", "SoftMigration"}, {"group", "softmigration.io"}};
  EXPECT_EQ(Brief(Delete(Path(kSoftMigrations, "move"), {{"preconditions", {{"uid", "another"}}}})), Refused(409, "Conflict", details));
  EXPECT_EQ(Brief(Delete(Path(kSoftMigrations, "move"), {{"preconditions", {{"resourceVersion", "1"}}}})),
            Refused(409, "Conflict", details));
  const json right = {{"preconditions", {{"uid", made["metadata"]["uid"]}, {"resourceVersion", Version(made)}}}};
  EXPECT_EQ(Delete(Path(kSoftMigrations, "move"), right).status, 200);
}

TEST_F(ApiConformance, DeleteTakesTheOptionsOfPrograms) {
  Made(kSoftMigrations, Migration());
  EXPECT_EQ(
      Delete(Path(kSoftMigrations, "move"), {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", "Background"}}).status,
      200);
}

}  // namespace
}  // namespace softmig::api_conformance
