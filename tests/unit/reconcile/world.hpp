#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "fakes/fake_clock.hpp"
#include "fakes/fake_transport.hpp"
#include "kube/core/known_types.hpp"
#include "providers/prometheus/prometheus_provider.hpp"
#include "reconcile/executor.hpp"
#include "reconcile/gatherer.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::reconcile {

using nlohmann::json;

class NoToken final : public kube::TokenSource {
 public:
  base::Result<std::string> Token() override { return std::string(); }
  void Drop() override {}
};

inline json Backend(const std::string& service, int weight) {
  return {{"group", ""}, {"kind", "Service"}, {"name", service}, {"port", 8080}, {"weight", weight}};
}

inline json MigrationJson(const std::string& name = "payments") {
  return {{"apiVersion", "softmigration.io/v1alpha1"},
          {"kind", "SoftMigration"},
          {"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", "uid-" + name}, {"resourceVersion", "10"}, {"generation", 1}}},
          {"spec",
           {{"legacy", {{"service", {{"name", "old"}, {"port", 8080}}}}},
            {"target", {{"service", {{"name", "new"}, {"port", 8080}}}}},
            {"routes", {{{"name", "web"}, {"gatewayAPI", {{"kind", "HTTPRoute"}, {"name", "shop"}}}}}},
            {"plan", {{"shift", {{"steps", {{{"weight", 10}, {"hold", "1m"}}, {{"weight", 100}}}}}}}},
            {"analysis",
             {{"interval", "1s"},
              {"metrics", {{{"name", "latency"}, {"prometheus", {{"address", "http://prom:9090"}, {"query", "q"}}}, {"max", "0.5"}}}}}}}},
          {"status", {{"observedGeneration", -1}}}};
}

inline json RouteJson(int target = 0, const std::string& version = "20") {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"namespace", "shop"}, {"name", "shop"}, {"uid", "uid-route"}, {"resourceVersion", version}, {"generation", 3}}},
          {"spec",
           {{"rules",
             {{{"name", "all"},
               {"matches", {{{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}}},
               {"backendRefs", {Backend("old", 100 - target), Backend("new", target)}}}}}}}};
}

inline json ServiceJson(const std::string& name) {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}}}, {"spec", {{"ports", {{{"port", 8080}}}}}}};
}

inline json SliceJson(const std::string& service, int ready, int unready = 0, const std::string& name = "") {
  json endpoints = json::array();
  for (int i = 0; i < ready + unready; ++i) endpoints.push_back({{"conditions", {{"ready", i < ready}}}});
  return {{"metadata",
           {{"namespace", "shop"}, {"name", name.empty() ? service + "-1" : name}, {"labels", {{"kubernetes.io/service-name", service}}}}},
          {"endpoints", endpoints}};
}

template <typename T>
void Fill(kube::Store<T>& store, const std::vector<json>& objects) {
  store.OnRestart();
  for (const json& object : objects) store.OnApplied(object);
  store.OnSynced();
}

inline http::Response Answer(int status, const json& body) { return {status, {{"Content-Type", "application/json"}}, body.dump()}; }
inline http::Response Refused(int status, const std::string& reason) {
  return Answer(status, {{"kind", "Status"}, {"status", "Failure"}, {"reason", reason}, {"message", reason}, {"code", status}});
}

/// Everything an executor and a gatherer need, over a transport that the test scripts.
struct World {
  explicit World(fakes::FakeTransport::Handler api = {}, fakes::FakeTransport::Handler metrics = {})
      : transport(std::move(api)),
        metric_transport(std::move(metrics)),
        client({"http://api", "default", nullptr, std::make_shared<NoToken>()}, transport),
        cache([this](const kube::ObjectKey& key) { woken.push_back(key.ToString()); }),
        poller(metric_transport, sources, clock, [](const kube::ObjectKey&, bool) {}),
        gatherer(cache, poller, router, kFinalizer),
        executor({client, router, cache, fence, migrations, routes}) {
    fence.ExtendUntil(clock.SteadyNow() + std::chrono::hours(1));
    Fill(cache.services(), {ServiceJson("old"), ServiceJson("new")});
    Fill(cache.slices(), {SliceJson("old", 2), SliceJson("new", 1, 1)});
    Fill(cache.StoreOf(model::RouteKind::kHttpRoute), {RouteJson()});
    Fill(cache.migrations(), {MigrationJson()});
    woken.clear();
  }
  [[nodiscard]] const Migration& migration(const std::string& name = "payments") {
    return *(held = cache.migrations().Get({"shop", name}));
  }

  fakes::FakeClock clock;
  std::vector<std::string> woken;
  fakes::FakeTransport transport;
  fakes::FakeTransport metric_transport;
  kube::RestClient client;
  kube::Fence fence{clock};
  VersionTracker migrations;
  VersionTracker routes;
  routers::HttpRouteRouter router;
  providers::PrometheusProvider provider;
  PlainSources sources{provider};
  Cache cache;
  MetricPoller poller;
  Gatherer gatherer;
  Executor executor;
  kube::Store<Migration>::Ptr held;
};

}  // namespace softmig::reconcile
