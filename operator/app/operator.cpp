#include "app/operator.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "http/server.hpp"
#include "kube/core/known_types.hpp"
#include "kube/runtime/event_recorder.hpp"
#include "kube/runtime/metrics.hpp"
#include "kube/runtime/reflector.hpp"
#include "reconcile/controller.hpp"
#include "reconcile/job_sources.hpp"
#include "reconcile/secret_sources.hpp"
#include "routers/router_set.hpp"

namespace softmig::app {
namespace {

using kube::Lane;
using kube::ObjectKey;

constexpr const char* kControllerName = "softmigration.io/operator";
// A worker that is busy with one pass for this long is wedged: liveness fails.
constexpr double kWedgedSeconds = 60;

http::Response Text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body)};
}

}  // namespace

/// Members in the order in which they depend on each other; Stop ends what calls back before what is called.
class Operator::Impl {
 public:
  Impl(const Options& options, kube::ClusterConfig config, const base::Clock& clock, base::Log& log)
      : options_(options),
        clock_(clock),
        log_(log),
        api_transport_(http::MakeTransport(options.transport)),
        metric_transport_(http::MakeTransport(options.transport)),
        client_(config, *api_transport_, metrics_.ClientObserver(config.server)),
        fence_(clock),
        queue_(clock, &metrics_.Queue("softmigration")),
        has_bridges_(options.routers.contains(model::RouteKind::kBridge)),
        cache_([this](const ObjectKey& key) { controller_.Wake(key, Lane::kOrdinary); }, options.routers, options.custom_routes),
        secret_sources_(reconcile::SecretReader(client_, clock), clock),
        sources_(secret_sources_, {client_, fence_, clock}),
        poller_(*metric_transport_, sources_, clock,
                [this](const ObjectKey& key, bool breach) { controller_.Wake(key, breach ? Lane::kSafety : Lane::kOrdinary); }),
        agents_({*metric_transport_, cache_, clock, [this](const ObjectKey& key) { controller_.Wake(key, Lane::kOrdinary); },
                 [this](const ObjectKey& key, const reconcile::BridgeRound& round) { poller_.Take(key, round); }}),
        gatherer_(cache_, poller_, router_, reconcile::kFinalizer, has_bridges_ ? &agents_ : nullptr),
        executor_({client_, router_, cache_, fence_, migration_versions_, route_versions_}),
        bridges_({client_, cache_, fence_, route_versions_, options.bridge}),
        events_(client_, kControllerName, options.lease.identity, clock, log),
        domain_(metrics_.registry()),
        reconciler_({cache_, gatherer_, executor_, poller_, migration_versions_, route_versions_, events_, domain_, clock, log,
                     has_bridges_ ? &bridges_ : nullptr, has_bridges_ ? &agents_ : nullptr}),
        controller_(options.controller, queue_, reconciler_, metrics_, clock) {
    metrics_.Attach("softmigration", queue_);
    events_.OnlyWhile([this] { return fence_.MayWrite(); });
    metrics_.SetLeading(options.lease.lease.name, false);
  }

  base::Status Start() {
    auto server = http::ListenHttp(options_.server, [this](const http::ServerRequest& request) { return Serve(request); });
    if (!server) return base::Fail(server.error());
    server_ = std::move(*server);
    Watch(kube::kServices, cache_.services());
    Watch(kube::kEndpointSlices, cache_.slices());
    for (const routers::RouteKindRow& row : cache_.watched()) Watch(row.type, cache_.StoreOf(row), row.label);
    Watch(kube::kSoftMigrations, cache_.migrations());
    kube::LeaderElector::Callbacks callbacks{[this] { OnLeading(); }, [this] { lost_ = true; }};
    auto elector = kube::LeaderElector::Start(options_.lease, {client_, fence_, clock_, log_}, std::move(callbacks));
    if (!elector) return base::Fail(elector.error());
    elector_ = std::move(*elector);
    poller_.Start();
    if (has_bridges_) agents_.Start();
    log_.Info("operator started", {{"version", SOFTMIG_VERSION},
                                   {"api_server", client_.config().server},
                                   {"identity", options_.lease.identity},
                                   {"metrics_port", static_cast<int>(server_->port())}});
    return {};
  }

  bool Tick() {
    StartWorkersWhenReady();
    return !lost_;
  }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    poller_.Stop();
    agents_.Stop();
    controller_.Stop();
    elector_.reset();
    reflectors_.clear();
    server_.reset();
    metric_transport_.reset();
    metrics_.Detach("softmigration");
  }

 private:
  void Watch(const kube::ResourceType& type, kube::ReflectorSink& sink, std::string label = {}) {
    kube::ReflectorOptions options;
    options.type = type;
    options.ns = options_.watch_namespace;
    options.label_selector = std::move(label);
    reflectors_.push_back(std::make_unique<kube::Reflector>(std::move(options), client_, sink, clock_, log_));
  }

  void OnLeading() {
    leading_ = true;
    metrics_.SetLeading(options_.lease.lease.name, true);
    StartWorkersWhenReady();
  }

  void StartWorkersWhenReady() {
    const std::scoped_lock lock(start_mutex_);
    if (started_ || stopped_ || !leading_ || !cache_.synced()) return;
    started_ = true;
    const std::vector<ObjectKey> keys = reconcile::KeysInTakeOverOrder(cache_);
    log_.Info("leading", {{"migrations", keys.size()}});
    controller_.Start(keys);
  }

  http::Response Serve(const http::ServerRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/metrics") {
      domain_.SetQueries(poller_.queries());
      domain_.SetAnswers(poller_.answers());
      return Text(200, metrics_.Expose());
    }
    if (path == "/healthz") {
      const bool wedged = queue_.Stats().longest_running_seconds > kWedgedSeconds;
      return wedged ? Text(500, "a worker hangs\n") : Text(200, "ok\n");
    }
    if (path == "/readyz") return cache_.synced() ? Text(200, "ok\n") : Text(503, "the caches are not filled yet\n");
    return Text(404, "try /metrics, /healthz or /readyz\n");
  }

  const Options options_;
  const base::Clock& clock_;
  base::Log& log_;
  kube::Metrics metrics_;
  std::unique_ptr<http::HttpTransport> api_transport_;
  std::unique_ptr<http::HttpTransport> metric_transport_;
  kube::RestClient client_;
  kube::Fence fence_;
  kube::WorkQueue queue_;
  reconcile::VersionTracker migration_versions_;
  reconcile::VersionTracker route_versions_;
  const routers::RouterSet router_;
  const bool has_bridges_;
  reconcile::Cache cache_;
  reconcile::SecretSources secret_sources_;
  reconcile::JobSources sources_;
  reconcile::MetricPoller poller_;
  reconcile::BridgeAgents agents_;
  reconcile::Gatherer gatherer_;
  reconcile::Executor executor_;
  const reconcile::BridgeKeeper bridges_;
  kube::EventRecorder events_;
  reconcile::DomainMetrics domain_;
  reconcile::Reconciler reconciler_;
  reconcile::Controller controller_;
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
  std::unique_ptr<kube::LeaderElector> elector_;
  std::unique_ptr<http::HttpServer> server_;
  std::mutex start_mutex_;
  std::atomic<bool> leading_{false};
  std::atomic<bool> lost_{false};
  bool started_ = false;  // under start_mutex_
  bool stopped_ = false;  // set by the owner's thread only
};

base::Result<std::unique_ptr<Operator>> Operator::Make(const Options& options, const base::Clock& clock, base::Log& log) {
  auto config = kube::LoadClusterConfig(options.cluster, clock, log);
  if (!config) return base::Fail(config.error());
  auto impl = std::make_unique<Impl>(options, std::move(*config), clock, log);
  if (auto started = impl->Start(); !started) {
    impl->Stop();
    return base::Fail(started.error());
  }
  return std::unique_ptr<Operator>(new Operator(std::move(impl)));
}

Operator::Operator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Operator::~Operator() { Stop(); }
bool Operator::Tick() { return impl_->Tick(); }
void Operator::Stop() { impl_->Stop(); }

}  // namespace softmig::app
