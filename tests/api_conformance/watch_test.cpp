// Lists, pages and watches.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kSoftMigrations;
using Names = std::vector<std::string>;

const std::string kSnapshot = "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

Names NamesOf(const json& list) {
  Names names;
  for (const json& item : list["items"]) names.push_back(item["metadata"]["name"]);
  return names;
}

TEST_F(ApiConformance, AListHasAVersionAndTheObjectsByName) {
  EXPECT_EQ(Get(Path(kSoftMigrations)).body["items"], json::array());
  const json second = Made(kSoftMigrations, Migration("b"));
  const json first = Made(kSoftMigrations, Migration("a"));
  const Reply list = Get(Path(kSoftMigrations));
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body["kind"], "SoftMigrationList");
  EXPECT_EQ(list.body["apiVersion"], "softmigration.io/v1alpha1");
  EXPECT_EQ(list.body["items"], json({first, second}));
  EXPECT_FALSE(IsOlder(Version(list.body), Version(first)));
}

TEST_F(ApiConformance, ListsOfBuiltInKindsLeaveTheKindOut) {
  Made(kube::kServices, Service());
  const json list = Get(Path(kube::kServices)).body;
  EXPECT_EQ(list["kind"], "ServiceList");
  EXPECT_FALSE(list["items"][0].contains("kind"));
  EXPECT_FALSE(list["items"][0].contains("apiVersion"));
}

TEST_F(ApiConformance, AListIsTakenInPages) {
  for (const char* name : {"a", "b", "c"}) Made(kSoftMigrations, Migration(name));
  const json first = Get(Path(kSoftMigrations) + "?limit=2").body;
  EXPECT_EQ(NamesOf(first), (Names{"a", "b"}));
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 1);
  const std::string next = first["metadata"]["continue"];
  // Later pages show the objects as they were at the first.
  Delete(Path(kSoftMigrations, "c"));
  Made(kSoftMigrations, Migration("d"));
  const json second = Get(Path(kSoftMigrations) + "?limit=2&continue=" + http::UrlEncode(next)).body;
  EXPECT_EQ(NamesOf(second), (Names{"c"}));
  EXPECT_EQ(Version(second), Version(first));
  EXPECT_EQ(second["metadata"].value("continue", ""), "");
  EXPECT_FALSE(second["metadata"].contains("remainingItemCount"));
  EXPECT_EQ(Brief(Get(Path(kSoftMigrations) + "?continue=unheard")), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, AListIsSelectedByName) {
  for (const char* name : {"a", "b"}) Made(kSoftMigrations, Migration(name));
  EXPECT_EQ(NamesOf(Get(Path(kSoftMigrations) + "?fieldSelector=metadata.name%3Db").body), (Names{"b"}));
  EXPECT_EQ(NamesOf(Get(Path(kSoftMigrations) + "?fieldSelector=metadata.name%3Dc").body), Names());
  EXPECT_EQ(Brief(Get(Path(kSoftMigrations) + "?fieldSelector=spec.unheard%3Db")), Refused(400, "BadRequest"));
}

TEST_F(ApiConformance, AWatchFromAVersionTellsWhatCameLater) {
  const json first = Made(kSoftMigrations, Migration("a"));
  const json version = Get(Path(kSoftMigrations)).body["metadata"]["resourceVersion"];
  const auto stream = Watch(Path(kSoftMigrations) + "?watch=1&resourceVersion=" + version.get<std::string>());
  ASSERT_NE(stream, nullptr);
  const json second = Made(kSoftMigrations, Migration("b"));
  const json changed = Merge(Path(kSoftMigrations, "a"), {{"spec", {{"paused", true}}}}).body;
  const json status = Merge(Path(kSoftMigrations, "a", "status"), {{"status", {{"phase", "Shift"}}}}).body;
  Merge(Path(kSoftMigrations, "a"), {{"spec", {{"paused", true}}}});  // nothing new
  Delete(Path(kSoftMigrations, "b"));
  EXPECT_EQ(NextEvent(*stream), (json{{"type", "ADDED"}, {"object", second}}));
  EXPECT_EQ(NextEvent(*stream), (json{{"type", "MODIFIED"}, {"object", changed}}));
  EXPECT_EQ(NextEvent(*stream), (json{{"type", "MODIFIED"}, {"object", status}}));
  const auto deleted = NextEvent(*stream);
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ((*deleted)["type"], "DELETED");
  EXPECT_TRUE(IsOlder(Version(status), Version((*deleted)["object"]))) << "the version of the deletion";
  EXPECT_EQ(Normal((*deleted)["object"]), Normal(second)) << "the last state";
  EXPECT_EQ(NextEvent(*stream), std::nullopt);
}

TEST_F(ApiConformance, AWatchGoesOnFromTheVersionOfAnEvent) {
  const json first = Made(kSoftMigrations, Migration("a"));
  const json second = Made(kSoftMigrations, Migration("b"));
  const json third = Made(kSoftMigrations, Migration("c"));
  const auto stream = Watch(Path(kSoftMigrations) + "?watch=true&resourceVersion=" + Version(second));
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(NextEvent(*stream), (json{{"type", "ADDED"}, {"object", third}}));
  EXPECT_EQ(NextEvent(*stream), std::nullopt);
}

TEST_F(ApiConformance, AWatchWithoutAVersionBeginsWithEverything) {
  for (const char* name : {"b", "a"}) Made(kSoftMigrations, Migration(name));
  for (const char* version : {"", "&resourceVersion=0"}) {
    const auto stream = Watch(Path(kSoftMigrations) + "?watch=1" + version);
    ASSERT_NE(stream, nullptr);
    const Names seen = Take(*stream, 5);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), (std::set<std::string>{"ADDED a", "ADDED b"}));
    EXPECT_EQ(seen.size(), 2U);
  }
}

TEST_F(ApiConformance, ASnapshotEndsWithABookmark) {
  for (const char* name : {"a", "b"}) Made(kSoftMigrations, Migration(name));
  const std::string version = Version(Merge(Path(kSoftMigrations, "a"), {{"spec", {{"paused", true}}}}).body);
  const auto stream = Watch(Path(kSoftMigrations) + kSnapshot);
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(Take(*stream, 2), (Names{"ADDED a", "ADDED b"}));
  const auto bookmark = NextEvent(*stream);
  ASSERT_TRUE(bookmark.has_value());
  EXPECT_EQ((*bookmark)["type"], "BOOKMARK");
  const json& object = (*bookmark)["object"];
  EXPECT_EQ(object["kind"], "SoftMigration");
  EXPECT_EQ(object["apiVersion"], "softmigration.io/v1alpha1");
  EXPECT_EQ(object["metadata"]["annotations"], json::parse(R"({"k8s.io/initial-events-end": "true"})"));
  EXPECT_FALSE(IsOlder(Version(object), version));
  Delete(Path(kSoftMigrations, "a"));
  EXPECT_EQ(Take(*stream, 2), (Names{"DELETED a"}));
}

TEST_F(ApiConformance, ASnapshotWithoutBookmarksHasNoEnd) {
  Made(kSoftMigrations, Migration("a"));
  const auto stream = Watch(Path(kSoftMigrations) + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(Take(*stream, 2), (Names{"ADDED a"}));
}

TEST_F(ApiConformance, ASnapshotOfNothingIsABookmark) {
  for (const kube::ResourceType& type : {kSoftMigrations, kube::kHttpRoutes, kube::kServices, kube::kEndpointSlices, kube::kLeases}) {
    const auto stream = Watch(Path(type) + kSnapshot);
    ASSERT_NE(stream, nullptr);
    const auto bookmark = NextEvent(*stream);
    ASSERT_TRUE(bookmark.has_value()) << type.kind;
    EXPECT_EQ((*bookmark)["object"]["kind"], type.kind);
    EXPECT_EQ((*bookmark)["object"]["metadata"]["annotations"], json::parse(R"({"k8s.io/initial-events-end": "true"})"));
  }
}

TEST_F(ApiConformance, AWatchMaySelectOneName) {
  for (const char* name : {"a", "b"}) Made(kube::kLeases, Lease(name));
  const auto stream = Watch(Path(kube::kLeases) + kSnapshot + "&fieldSelector=metadata.name%3Db");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(Take(*stream, 2), (Names{"ADDED b", "BOOKMARK"}));
  for (const char* name : {"a", "b"}) Merge(Path(kube::kLeases, name), {{"spec", {{"holderIdentity", "x"}}}});
  Delete(Path(kube::kLeases, "a"));
  Delete(Path(kube::kLeases, "b"));
  EXPECT_EQ(Take(*stream, 3), (Names{"MODIFIED b", "DELETED b"}));
}

TEST_F(ApiConformance, AWatchFromBeforeWhatIsRememberedIsToldSo) {
  const json made = Made(kSoftMigrations, Migration("a"));
  Merge(Path(kSoftMigrations, "a"), {{"spec", {{"paused", true}}}});
  const std::string version = peer().Compact() ? Version(made) : "1";
  const auto stream = Watch(Path(kSoftMigrations) + "?watch=1&resourceVersion=" + version);
  ASSERT_NE(stream, nullptr);
  const auto event = NextEvent(*stream);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ((*event)["type"], "ERROR");
  json status = (*event)["object"];
  status.erase("message");
  EXPECT_EQ(
      status,
      json::parse(R"({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "code": 410})"));
  EXPECT_EQ(NextEvent(*stream), std::nullopt);
  const auto snapshot = Watch(Path(kSoftMigrations) + kSnapshot);
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(Take(*snapshot, 2), (Names{"ADDED a", "BOOKMARK"})) << "the snapshot is not bothered";
}

TEST_F(ApiConformance, ADeletionByFinalizerShowsTheStateBefore) {
  json migration = Migration("a");
  migration["metadata"]["finalizers"] = {"a/b"};
  Made(kSoftMigrations, migration);
  const json deleted = Delete(Path(kSoftMigrations, "a")).body;
  const auto stream = Watch(Path(kSoftMigrations) + "?watch=1&resourceVersion=" + Version(deleted));
  ASSERT_NE(stream, nullptr);
  Merge(Path(kSoftMigrations, "a"), {{"metadata", {{"finalizers", json::array()}}}});
  const auto event = NextEvent(*stream);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ((*event)["type"], "DELETED");
  EXPECT_EQ(Normal((*event)["object"]), Normal(deleted)) << "with its finalizer";
  EXPECT_EQ(NextEvent(*stream), std::nullopt);
}

TEST_F(ApiConformance, SnapshotsAreAskedForInOneWayOnly) {
  const json refused = Refused(
      422, "Invalid", {{"kind", "ListOptions"}, {"group", "meta.k8s.io"}, {"causes", {"FieldValueForbidden resourceVersionMatch"}}});
  for (const char* query : {"?watch=1&sendInitialEvents=true", "?watch=1&resourceVersionMatch=NotOlderThan"}) {
    Reply reply;
    EXPECT_EQ(peer().Watch(Path(kSoftMigrations) + query, reply), nullptr);
    EXPECT_EQ(Brief(reply), refused);
  }
  Reply reply;
  EXPECT_EQ(peer().Watch("/apis/unheard.io/v1/unheard?watch=1", reply), nullptr);
  EXPECT_EQ(reply.status, 404);
}

}  // namespace
}  // namespace softmig::api_conformance
