#include "sim/core/cluster.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "kube/client/rest_client.hpp"
#include "kube/core/known_types.hpp"
#include "sim/core/scenario.hpp"

namespace softmig::simulator {
namespace {

using nlohmann::json;

const Sender kWorld;

const kube::ResourceType& TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kSoftMigrations: return kube::kSoftMigrations;
    case Kind::kHttpRoutes: return kube::kHttpRoutes;
    case Kind::kServices: return kube::kServices;
    case Kind::kEndpointSlices: return kube::kEndpointSlices;
    case Kind::kLeases:
    case Kind::kOther: break;
  }
  return kube::kLeases;
}

}  // namespace

const char* Plural(Kind kind) { return kind == Kind::kOther ? "others" : TypeOf(kind).plural.c_str(); }

Kind KindOf(std::string_view plural) {
  static constexpr std::array kKinds{Kind::kSoftMigrations, Kind::kHttpRoutes, Kind::kServices, Kind::kEndpointSlices, Kind::kLeases};
  for (const Kind kind : kKinds) {
    if (plural == Plural(kind)) return kind;
  }
  return Kind::kOther;
}

Cluster::Cluster(Loop& loop, Transcript& transcript) : loop_(loop), transcript_(transcript), clock_(loop), server_(clock_) {
  server_.SetListener([this](const Change& change) {
    transcript_.Mix(change.resource);
    transcript_.Mix(change.name);
    const ClusterChange whole{change, *sender_, KindOf(change.resource)};
    for (const Listener& listener : listeners_) listener(whole);
  });
}

http::Response Cluster::Handle(const http::Request& request, const Sender& sender) {
  const Sender* outer = std::exchange(sender_, &sender);
  http::Response response = server_.Handle(request);
  sender_ = outer;
  return response;
}

int Cluster::Send(http::Method method, const std::string& path, const json* body, const char* type) {
  http::Request request;
  request.method = method;
  request.url = "http://api" + path;
  if (body != nullptr) {
    request.headers = {{"Content-Type", type}};
    request.body = body->dump();
  }
  const http::Response response = Handle(request, kWorld);
  transcript_.Line(loop_.now(), "world: {} {} -> {}{}", http::Name(method), path, response.status,
                   response.status < 300 || !transcript_.on() ? "" : " " + response.body.substr(0, 300));
  // What people do here is valid by construction: a refusal would be a mistake of the simulator, and a fault that never happens.
  if (response.status == 400 || response.status == 422) refused_ = fmt::format("{} {}: {}", http::Name(method), path, response.body);
  return response.status;
}

int Cluster::Create(Kind kind, const json& object, const std::string& manager) {
  return Send(http::Method::kPost, kube::ResourcePath(TypeOf(kind), kNamespace, "", "") + "?fieldManager=" + manager, &object,
              "application/json");
}

int Cluster::Merge(Kind kind, const std::string& name, const json& patch, const std::string& manager, const std::string& sub) {
  return Send(http::Method::kPatch, kube::ResourcePath(TypeOf(kind), kNamespace, name, sub) + "?fieldManager=" + manager, &patch,
              "application/merge-patch+json");
}

int Cluster::Replace(Kind kind, const json& object, const std::string& manager) {
  const std::string name = object.at("metadata").at("name");
  return Send(http::Method::kPut, kube::ResourcePath(TypeOf(kind), kNamespace, name, "") + "?fieldManager=" + manager, &object,
              "application/json");
}

int Cluster::Delete(Kind kind, const std::string& name) {
  return Send(http::Method::kDelete, kube::ResourcePath(TypeOf(kind), kNamespace, name, ""), nullptr, "");
}

Cluster::ObjectPtr Cluster::Find(Kind kind, const std::string& name) const { return server_.Find(Plural(kind), kNamespace, name); }

}  // namespace softmig::simulator
