#pragma once

#include <map>

#include "reconcile/bridge_agents.hpp"
#include "reconcile/bridge_keeper.hpp"
#include "routers/bridge/bridge_router.hpp"
#include "routers/router_set.hpp"
#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {

inline json BridgeMigrationJson() {
  json migration = MigrationJson();
  migration["spec"]["routes"] = {{{"name", "web"}, {"bridge", {{"name", "entrance"}, {"port", 80}}}}};
  return migration;
}

inline json WholeSliceJson(const std::string& service, const std::vector<std::string>& addresses) {
  json slice = SliceJson(service, static_cast<int>(addresses.size()), 1);
  slice["addressType"] = "IPv4";
  slice["ports"] = {{{"name", "http"}, {"port", 9000}}};
  for (std::size_t i = 0; i < slice["endpoints"].size(); ++i) {
    slice["endpoints"][i]["addresses"] = {i < addresses.size() ? addresses[i] : std::string("10.9.9.9")};
  }
  return slice;
}

/// An API server's objects by path, as far as a bridge needs one: applies replace, merges merge. `log` holds what was written or deleted,
/// in order.
class BridgeApi {
 public:
  std::optional<base::Result<http::Response>> operator()(const http::Request& request) {
    const std::string path = request.url.substr(std::string("http://api").size(), request.url.find('?') - std::string("http://api").size());
    const auto it = objects.find(path);
    if (request.method == http::Method::kGet) return it == objects.end() ? Refused(404, "NotFound") : Answer(200, it->second);
    if (request.method == http::Method::kDelete) return Delete(it, json::parse(request.body));
    json body = json::parse(request.body);
    const std::string name = body.is_object() ? body["metadata"].value("name", "") : "";
    if (request.method == http::Method::kPost) return Store(path + "/" + name, std::move(body));
    const std::string type(http::Find(request.headers, "Content-Type").value_or(""));
    if (type == "application/apply-patch+yaml") return Store(path, std::move(body));
    if (type == "application/json-patch+json") return Store(path, it->second.patch(body));
    json merged = it->second;
    merged.merge_patch(body);
    return Store(path, std::move(merged));
  }

  std::map<std::string, json> objects;
  std::vector<std::string> log;
  std::string refuses;  ///< to delete this path

 private:
  base::Result<http::Response> Delete(std::map<std::string, json>::iterator it, const json& options) {
    if (it == objects.end()) return Refused(404, "NotFound");
    if (it->first == refuses) return Refused(403, "Forbidden");
    if (it->second["metadata"]["uid"] != options["preconditions"]["uid"]) return Refused(409, "Conflict");
    log.push_back("DELETE " + it->first);
    objects.erase(it);
    return Answer(200, {{"kind", "Status"}, {"status", "Success"}});
  }
  base::Result<http::Response> Store(const std::string& path, json object) {
    log.push_back(path);
    if (!object["metadata"].contains("uid")) object["metadata"]["uid"] = "uid-" + path;
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    objects[path] = object;
    return Answer(200, object);
  }

  int version_ = 100;
};

inline constexpr const char* kBridgeConfigMap = "/api/v1/namespaces/shop/configmaps/entrance";

/// A migration with a bridge, both sides with endpoints, and who keeps it.
struct BridgeWorld {
  BridgeWorld()
      : transport([this](const http::Request& request) { return api(request); }),
        metric_transport([this](const http::Request& request) { return agent ? agent(request) : std::nullopt; }),
        client({"http://api", "default", nullptr, std::make_shared<NoToken>()}, transport),
        cache([this](const kube::ObjectKey& key) { woken.push_back(key.ToString()); },
              {model::RouteKind::kHttpRoute, model::RouteKind::kBridge}),
        poller(metric_transport, sources, clock, [](const kube::ObjectKey&, bool) {}),
        agents({metric_transport, cache, clock, [this](const kube::ObjectKey& key) { woken.push_back(key.ToString()); },
                [this](const kube::ObjectKey& key, const BridgeRound& round) {
                  rounds.push_back(round);
                  poller.Take(key, round);
                }}),
        gatherer(cache, poller, router, kFinalizer, &agents),
        executor({client, router, cache, fence, migrations, routes}),
        keeper({client, cache, fence, routes, {"envoy:1", "softmigration:1"}}) {
    fence.ExtendUntil(clock.SteadyNow() + std::chrono::hours(1));
    json with_name = ServiceJson("old");
    with_name["spec"]["ports"][0]["name"] = "http";
    json other = ServiceJson("new");
    other["spec"]["ports"][0]["name"] = "http";
    Fill(cache.services(), {with_name, other});
    Fill(cache.slices(), {WholeSliceJson("old", {"10.0.0.1", "10.0.0.2"}), WholeSliceJson("new", {"10.0.1.1"})});
    Fill(cache.StoreOf(model::RouteKind::kHttpRoute), {});
    Fill(cache.StoreOf(model::RouteKind::kBridge), {});
    Fill(cache.migrations(), {BridgeMigrationJson()});
  }

  [[nodiscard]] const Migration& migration() { return *(held = cache.migrations().Get({"shop", "payments"})); }
  base::Status Keep() {
    const Migration& known = migration();
    return keeper.Keep(known, known.spec->routes.front());
  }
  std::string WaitsFor() {
    const Migration& known = migration();
    return keeper.WaitsFor(known, known.spec->routes.front());
  }
  /// What the watch would bring.
  void SeeConfigMap() {
    json object = api.objects.at(kBridgeConfigMap);
    cache.StoreOf(model::RouteKind::kBridge).OnApplied(object);
  }

  BridgeApi api;
  std::function<std::optional<base::Result<http::Response>>(const http::Request&)> agent;
  fakes::FakeClock clock;
  std::vector<std::string> woken;
  std::vector<BridgeRound> rounds;
  fakes::FakeTransport transport;
  fakes::FakeTransport metric_transport;
  kube::RestClient client;
  kube::Fence fence{clock};
  VersionTracker migrations;
  VersionTracker routes;
  routers::RouterSet router;
  providers::PrometheusProvider provider;
  PlainSources sources{provider};
  Cache cache;
  MetricPoller poller;
  BridgeAgents agents;
  Gatherer gatherer;
  Executor executor;
  BridgeKeeper keeper;
  kube::Store<Migration>::Ptr held;
};

}  // namespace softmig::reconcile
