#include "suite.hpp"

#include <algorithm>
#include <cstdlib>

#include "kube/core/json_text.hpp"

namespace softmig::api_conformance {
namespace {

Peer* RealPeer() {
  static const std::unique_ptr<Peer> kPeer = [] {
    const char* kubeconfig = std::getenv("SOFTMIG_API_KUBECONFIG");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return kubeconfig == nullptr ? nullptr : MakeRealPeer(kubeconfig);
  }();
  return kPeer.get();
}

void Replace(json& metadata, const char* name, const json& by) {
  if (metadata.contains(name)) metadata[name] = by;
}

/// Server-set and empty, whatever the kind.
void DropNoise(json& object) {
  object["metadata"].erase("managedFields");
  for (const char* name : {"deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"}) object.erase(name);
  if (object.value("kind", "") != "Service") return;
  object.erase("status");
  for (const char* name : {"clusterIPs", "ipFamilies", "ipFamilyPolicy"}) object["spec"].erase(name);
  Replace(object["spec"], "clusterIP", "IP");
}

}  // namespace

ApiConformance::ApiConformance() : own_(RealPeer() == nullptr ? MakeFakePeer() : nullptr), peer_(own_ ? own_.get() : RealPeer()) {
  ns_ = peer_->FreshNamespace();
}
ApiConformance::~ApiConformance() = default;

std::string ApiConformance::Path(const kube::ResourceType& type, const std::string& name, const std::string& subresource) const {
  return kube::ResourcePath(type, ns_, name, subresource);
}

Reply ApiConformance::Delete(const std::string& path, const json& options) {
  return peer().Send(http::Method::kDelete, path, options.is_null() ? "" : options.dump(), options.is_null() ? "" : kJson);
}

json ApiConformance::Made(const kube::ResourceType& type, const json& object, const std::string& query) {
  Reply reply = Post(Path(type) + query, object);
  EXPECT_EQ(reply.status, 201) << reply.body.dump(2);
  return std::move(reply.body);
}

json ApiConformance::Object(const kube::ResourceType& type, const std::string& name, json more) const {
  more["apiVersion"] = type.ApiVersion();
  more["kind"] = type.kind;
  more["metadata"]["name"] = name;
  more["metadata"]["namespace"] = ns_;
  return more;
}

json ApiConformance::Migration(const std::string& name) const {
  const json spec = json::parse(R"({
    "legacy": {"service": {"name": "payments-legacy", "port": 80}}, "target": {"service": {"name": "payments-next", "port": 80}},
    "routes": [{"name": "web", "gatewayAPI": {"name": "payments"}}],
    "plan": {"shift": {"steps": [{"weight": 50}, {"weight": 100}]}},
    "analysis": {"metrics": [{"name": "health", "prometheus": {"address": "http://prometheus:9090", "query": "up"}, "max": "0.5"}]}})");
  return Object(kube::kSoftMigrations, name, {{"spec", spec}});
}

json ApiConformance::Route(const std::string& name) const {
  const json spec = json::parse(R"({
    "parentRefs": [{"name": "gw"}], "hostnames": ["payments.example.com"],
    "rules": [{"name": "all", "backendRefs": [{"name": "payments-legacy", "port": 80}]}]})");
  return Object(kube::kHttpRoutes, name, {{"spec", spec}});
}

json ApiConformance::Service(const std::string& name) const {
  return Object(kube::kServices, name, {{"spec", {{"ports", {{{"name", "http"}, {"port", 80}}}}}}});
}

json ApiConformance::Slice(const std::string& name) const {
  const json slice = json::parse(R"({
    "metadata": {"labels": {"kubernetes.io/service-name": "payments-legacy"}}, "addressType": "IPv4",
    "ports": [{"name": "http", "port": 80}],
    "endpoints": [{"addresses": ["10.244.1.1"], "conditions": {"ready": true}}]})");
  return Object(kube::kEndpointSlices, name, slice);
}

json ApiConformance::Lease(const std::string& name) const {
  const json spec = json::parse(R"({"holderIdentity": "a", "leaseDurationSeconds": 15, "leaseTransitions": 0,
    "acquireTime": "2026-11-22T22:00:00.000000Z", "renewTime": "2026-11-22T22:00:00.000000Z"})");
  return Object(kube::kLeases, name, {{"spec", spec}});
}

json ApiConformance::Event(const std::string& name) const {
  json event = json::parse(R"({"eventTime": "2026-11-22T22:00:00.000000Z", "reportingController": "softmigration",
    "reportingInstance": "pod-1", "type": "Normal", "reason": "Shifting", "action": "Shift", "note": "to 50 %",
    "regarding": {"apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "name": "move", "uid": "u"}})");
  event["regarding"]["namespace"] = ns_;
  return Object(kube::kEvents, name, std::move(event));
}

std::vector<std::string> ApiConformance::Take(Stream& stream, std::size_t count) {
  std::vector<std::string> seen;
  while (seen.size() < count) {
    const auto event = NextEvent(stream);
    if (!event) break;
    const std::string name = kube::StringField(kube::Child((*event)["object"], "metadata"), "name");
    seen.push_back((*event)["type"].get<std::string>() + (name.empty() ? "" : " " + name));
  }
  return seen;
}

std::optional<json> ApiConformance::NextEvent(Stream& stream) {
  while (true) {
    auto event = stream.Next();
    const bool passing = event && (*event)["type"] == "BOOKMARK" && !(*event)["object"]["metadata"].contains("annotations");
    if (!passing) return event;
  }
}

std::unique_ptr<Stream> ApiConformance::Watch(const std::string& path) {
  Reply refused;
  auto stream = peer().Watch(path, refused);
  EXPECT_NE(stream, nullptr) << refused.status << " " << refused.body.dump();
  return stream;
}

json Normal(json object) {
  DropNoise(object);
  json& metadata = object["metadata"];
  for (const auto& [name, by] : {std::pair("uid", "UID"), std::pair("resourceVersion", "VERSION"), std::pair("creationTimestamp", "TIME"),
                                 std::pair("deletionTimestamp", "TIME"), std::pair("namespace", "NS")}) {
    Replace(metadata, name, by);
  }
  if (object.contains("regarding")) Replace(object["regarding"], "namespace", "NS");
  return object;
}

json Brief(const Reply& reply) {
  if (reply.status < 300) return reply.body.value("kind", "") == "Status" ? reply.body : Normal(reply.body);
  json brief = {{"code", reply.status}, {"reason", kube::StringField(reply.body, "reason")}};
  if (reply.body.is_object()) {
    EXPECT_EQ(reply.body.value("kind", ""), "Status");
    EXPECT_EQ(reply.body.value("status", ""), "Failure");
    EXPECT_EQ(reply.body.value("code", 0), reply.status);
  }
  json details = kube::Child(reply.body, "details");
  if (details.is_object() && details.contains("causes")) {
    std::set<std::string> causes;
    for (const json& cause : details["causes"]) causes.insert(cause["reason"].get<std::string>() + " " + cause["field"].get<std::string>());
    details["causes"] = causes;
  }
  if (!details.empty()) brief["details"] = details;
  return brief;
}

json Refused(int code, const std::string& reason, json details) {
  json refused = {{"code", code}, {"reason", reason}};
  if (!details.is_null()) refused["details"] = std::move(details);
  return refused;
}

json Fields(const kube::ResourceType& type, const std::string& name, const std::vector<std::string>& causes) {
  json details = {{"kind", type.kind}, {"group", type.group}, {"causes", causes}};
  if (!name.empty()) details["name"] = name;
  return details;
}

json Managers(const json& object) {
  json managers = json::array();
  for (json entry : kube::Child(object["metadata"], "managedFields")) {
    EXPECT_EQ(entry["fieldsType"], "FieldsV1");
    const std::string subresource = kube::StringField(entry, "subresource");
    managers.push_back({entry["manager"].get<std::string>() + " " + entry["operation"].get<std::string>() +
                            (subresource.empty() ? "" : " " + subresource) + (entry.contains("time") ? "" : " untimed"),
                        entry["fieldsV1"]});
  }
  std::sort(managers.begin(), managers.end());
  return managers;
}

std::string Version(const json& object) { return kube::StringField(object["metadata"], "resourceVersion"); }

bool IsOlder(const std::string& a, const std::string& b) {
  const auto order = kube::CompareResourceVersions(a, b);
  EXPECT_NE(order, std::partial_ordering::unordered) << a << " " << b;
  return order < 0;
}

}  // namespace softmig::api_conformance
