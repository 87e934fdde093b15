// The built-in kinds, as far as they are used.
#include "suite.hpp"

namespace softmig::api_conformance {
namespace {

using kube::kEndpointSlices;
using kube::kEvents;
using kube::kLeases;
using kube::kServices;

TEST_F(ApiConformance, AServiceIsCompleted) {
  const json made = Made(kServices, Service());
  EXPECT_EQ(Normal(made), json::parse(R"({"apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "payments-legacy", "namespace": "NS", "uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME"},
    "spec": {"type": "ClusterIP", "clusterIP": "IP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
             "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]}})"));
}

TEST_F(ApiConformance, AServiceIsChangedWithAndWithoutItsVersion) {
  json service = Made(kServices, Service());
  json change = Service();
  change["spec"]["ports"][0]["port"] = 81;
  const Reply written = Put(Path(kServices, "payments-legacy"), change);
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body["spec"]["clusterIP"], service["spec"]["clusterIP"]);
  EXPECT_EQ(written.body["spec"]["ports"], json::parse(R"([{"name": "http", "port": 81, "protocol": "TCP", "targetPort": 81}])"));
  EXPECT_EQ(Brief(Put(Path(kServices, "payments-legacy"), service)),
            Refused(409, "Conflict", {{"name", "payments-legacy"}, {"kind", "services"}}));
}

TEST_F(ApiConformance, ASliceCountsItsChanges) {
  const json made = Made(kEndpointSlices, Slice());
  EXPECT_EQ(Normal(made), json::parse(R"({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
    "metadata": {"name": "payments-legacy", "namespace": "NS", "uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME",
                 "generation": 1, "labels": {"kubernetes.io/service-name": "payments-legacy"}},
    "addressType": "IPv4", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    "endpoints": [{"addresses": ["10.244.1.1"], "conditions": {"ready": true}}]})"));
  const std::string path = Path(kEndpointSlices, "payments-legacy");
  const json unready = json::parse(R"([{"addresses": ["10.244.1.1"], "conditions": {"ready": false}}])");
  const json changed = Merge(path, {{"endpoints", unready}}).body;
  EXPECT_EQ(changed["endpoints"], unready);
  EXPECT_EQ(changed["metadata"]["generation"], 2);
  const json emptied = Merge(path, {{"endpoints", json::array()}}).body;
  EXPECT_EQ(emptied["endpoints"], json()) << "null";
  EXPECT_EQ(Merge(path, {{"endpoints", nullptr}}).body, emptied);
  EXPECT_EQ(Merge(path, {{"metadata", {{"labels", {{"a", "b"}}}}}}).body["metadata"]["generation"], 4);
  json blind = Slice();
  EXPECT_EQ(Put(path, blind).status, 200) << "no version needed";
}

TEST_F(ApiConformance, ALeaseIsWonByOne) {
  const json made = Made(kLeases, Lease());
  EXPECT_FALSE(made["metadata"].contains("generation"));
  const json details = {{"name", "operator"}, {"kind", "leases"}, {"group", "coordination.k8s.io"}};
  EXPECT_EQ(Brief(Post(Path(kLeases), Lease())), Refused(409, "AlreadyExists", details));
  json mine = made;
  mine["spec"]["holderIdentity"] = "b";
  mine["spec"]["renewTime"] = "2026-11-22T22:00:20.123456Z";
  json other = made;
  other["spec"]["holderIdentity"] = "c";
  const Reply won = Put(Path(kLeases, "operator"), mine);
  EXPECT_EQ(won.status, 200);
  EXPECT_EQ(won.body["spec"], mine["spec"]);
  EXPECT_EQ(Brief(Put(Path(kLeases, "operator"), other)), Refused(409, "Conflict", details));
  EXPECT_EQ(Get(Path(kLeases, "operator")).body, won.body);
  other["metadata"].erase("resourceVersion");
  json invalid = details;
  invalid["causes"] = {"FieldValueInvalid metadata.resourceVersion"};
  EXPECT_EQ(Brief(Put(Path(kLeases, "operator"), other)), Refused(422, "Invalid", invalid));
}

TEST_F(ApiConformance, ALeaseThatIsGoneIsNotRenewed) {
  const json made = Made(kLeases, Lease());
  EXPECT_EQ(Delete(Path(kLeases, "operator")).status, 200);
  const json details = {{"name", "operator"}, {"kind", "leases"}, {"group", "coordination.k8s.io"}};
  EXPECT_EQ(Brief(Put(Path(kLeases, "operator"), made)), Refused(409, "Conflict", details));
  const Reply again = Put(Path(kLeases, "operator"), Lease());
  EXPECT_EQ(again.status, 201) << "a PUT without uid and version makes it";
  EXPECT_NE(again.body["metadata"]["uid"], made["metadata"]["uid"]);
}

TEST_F(ApiConformance, AnEventIsMadeAndCounted) {
  const json made = Made(kEvents, Event());
  json expected = Event();
  expected["metadata"] =
      json::parse(R"({"name": "move.1", "namespace": "NS", "uid": "UID", "resourceVersion": "VERSION", "creationTimestamp": "TIME"})");
  expected["regarding"]["namespace"] = "NS";
  EXPECT_EQ(Normal(made), expected);
  const json details = {{"name", "move.1"}, {"kind", "events"}, {"group", "events.k8s.io"}};
  EXPECT_EQ(Brief(Post(Path(kEvents), Event())), Refused(409, "AlreadyExists", details));
  const json series = {{"count", 2}, {"lastObservedTime", "2026-11-22T22:00:30.000000Z"}};
  expected["series"] = series;
  EXPECT_EQ(Brief(Merge(Path(kEvents, "move.1"), {{"series", series}})), expected);
  json missing = details;
  missing["name"] = "unheard";
  EXPECT_EQ(Brief(Merge(Path(kEvents, "unheard"), {{"series", series}})), Refused(404, "NotFound", missing));
}

TEST_F(ApiConformance, AnEventsWordsAreCheckedAndStay) {
  json event = Event();
  event.erase("action");
  EXPECT_EQ(Brief(Post(Path(kEvents), event)),
            Refused(422, "Invalid", {{"name", "move.1"}, {"kind", "Event"}, {"causes", {"FieldValueRequired action"}}}));
  Made(kEvents, Event());
  EXPECT_EQ(Brief(Merge(Path(kEvents, "move.1"), {{"note", "another"}})),
            Refused(422, "Invalid", {{"name", "move.1"}, {"kind", "Event"}, {"causes", {"FieldValueInvalid message"}}}));
}

}  // namespace
}  // namespace softmig::api_conformance
