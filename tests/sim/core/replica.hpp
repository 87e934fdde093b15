#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "kube/runtime/event_recorder.hpp"
#include "kube/runtime/lease_protocol.hpp"
#include "kube/runtime/metrics.hpp"
#include "providers/prometheus/prometheus_provider.hpp"
#include "reconcile/controller.hpp"
#include "routers/gatewayapi/http_route_router.hpp"
#include "sim/core/metric_source.hpp"
#include "sim/core/network.hpp"
#include "sim/core/watch_loop.hpp"

namespace softmig::simulator {

/// What a pass of a replica had before it when it decided: the simulator's invariants judge its writes by that.
struct PassView {
  Time at{};
  Time behind{};  ///< by so much the machine's wall clock is behind the right time
  std::map<std::string, std::shared_ptr<const reconcile::Migration>> migrations;
  std::map<std::string, std::shared_ptr<const reconcile::RouteObject>> routes;
  std::map<std::string, int> ready;  ///< by Service; none: it does not exist
  MetricLog metrics;
  std::map<std::pair<Kind, std::string>, std::string> acknowledged;  ///< versions of this process's own writes that were answered
};

/// Where a mutant is let in. All empty: the operator as it is.
struct Tweaks {
  using Router = routers::TrafficRouter;
  using Provider = providers::MetricProvider;
  std::function<std::unique_ptr<Router>(const Router&, const reconcile::Cache&)> router;
  std::function<std::unique_ptr<Provider>(const Provider&, const reconcile::Cache&)> provider;
  std::function<ApiTransport::Rewrite(const reconcile::Cache&)> rewrite;
  /// Changes what a watch delivers; false: it is dropped.
  std::function<bool(Kind, nlohmann::json&)> delivered;
  std::function<void(kube::LeaseOptions&)> lease;
  std::function<std::unique_ptr<base::Clock>(const base::Clock&)> poller_clock;
  bool no_fence = false;
  bool no_version_tracking = false;  ///< nor is anything learned from the answers to own writes
  bool no_safety_lane = false;
  bool retry_at_once = false;
  bool keep_deleted = false;  ///< DELETED events are dropped
  bool tells_once = false;    ///< of each reason only the first Event is told
};

/// One operator process: the production parts, wired as app/operator.cpp does it, on fibers instead of threads.
class Replica final : public Process {
 public:
  struct Parts {
    Loop& loop;
    FiberHost& fibers;
    Random& random;
    Network& network;
    MetricSource& metrics;
    Transcript& transcript;
    const Scenario& scenario;
    const Tweaks& tweaks;
    std::function<void(Process&)> on_exit;  ///< it lost the lease, or was told to stop: it ends by itself
    std::function<void(const Process&, const ApiCall&, const std::string& version)> on_acknowledged;  ///< a write of its own was answered
    std::function<void(const Process&, const kube::EventNote&)> on_told;
  };
  Replica(const Parts& parts, int index, int incarnation);
  ~Replica() override;

  void Start();
  /// Ends the writes under way, gives the lease back, then calls on_exit.
  void StopGracefully();
  /// Breaks the links to the outside. REQUIRES: dead and unwound.
  void Close();
  void JumpClock(base::Millis by) { clock_.Jump(by); }

  [[nodiscard]] bool leading() const { return leading_; }
  /// The workers run.
  [[nodiscard]] bool working() const { return started_; }
  [[nodiscard]] Time working_since() const { return working_since_; }
  [[nodiscard]] const MetricLog& metric_log() const { return metric_log_; }
  [[nodiscard]] const reconcile::Cache& cache() const { return cache_; }
  [[nodiscard]] std::uint64_t passes() const { return passes_; }
  [[nodiscard]] std::uint64_t queries() const { return metric_transport_.sent(); }
  [[nodiscard]] base::WallTime WallNow() const { return clock_.WallNow(); }

  void AfterEvent() override;

 private:
  struct Worker {
    kube::Lane lane = kube::Lane::kOrdinary;
    Fiber* fiber = nullptr;
    bool idle = false;
    std::shared_ptr<const PassView> view;
  };
  class Events final : public kube::EventSink {
   public:
    explicit Events(const Replica& replica) : replica_(replica) {}
    void Record(kube::EventNote note) override;

   private:
    const Replica& replica_;
    std::set<std::string> told_;  ///< of a mutant
  };

  std::shared_ptr<const PassView> View();
  void WatchAll();
  void RunLease();
  void KeepLeaseWatch();
  void OnLeading();
  void StartWorkersWhenReady();
  void Work(Worker& worker);
  void WakeWorkers();
  void Exit(bool release);

  const Parts parts_;
  MachineClock clock_;
  std::unique_ptr<base::Log> log_;
  std::unique_ptr<base::Clock> poller_clock_;
  kube::Metrics metrics_;
  ApiTransport api_transport_;
  MetricLog metric_log_;
  MetricTransport metric_transport_;
  kube::RestClient client_;
  kube::Fence fence_;
  kube::Fence open_fence_;
  kube::WorkQueue queue_;
  reconcile::VersionTracker migration_versions_;
  reconcile::VersionTracker route_versions_;
  reconcile::VersionTracker unread_versions_;
  const routers::HttpRouteRouter plain_router_;
  const providers::PrometheusProvider plain_provider_;
  reconcile::Cache cache_;
  reconcile::Cache executors_cache_;  ///< only a mutant's executor looks at it
  std::unique_ptr<routers::TrafficRouter> router_;
  std::unique_ptr<providers::MetricProvider> provider_;
  reconcile::PlainSources sources_;
  reconcile::MetricPoller poller_;
  reconcile::Gatherer gatherer_;
  reconcile::Executor executor_;
  Events events_;
  reconcile::DomainMetrics domain_;
  reconcile::Reconciler reconciler_;
  reconcile::Controller controller_;
  kube::LeaseProtocol lease_;
  LeaseMail mail_;
  std::vector<std::unique_ptr<kube::ReflectorSink>> sinks_;
  std::vector<std::unique_ptr<WatchLoop>> watches_;
  std::unique_ptr<WatchLoop> lease_watch_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Fiber* lease_fiber_ = nullptr;
  std::uint64_t lease_sleeps_ = 0;
  bool lease_waits_ = false;
  bool leading_ = false;
  bool started_ = false;
  bool stopping_ = false;
  bool retry_ = false;    ///< of a mutant: a write failed
  bool pending_ = false;  ///< somebody was woken since the workers last looked
  bool kicked_ = false;   ///< an event that wakes them is on its way
  Time working_since_{};
  std::map<std::pair<Kind, std::string>, std::string> acknowledged_;
  Time armed_ = Time::max();
  std::uint64_t passes_ = 0;
};

}  // namespace softmig::simulator
