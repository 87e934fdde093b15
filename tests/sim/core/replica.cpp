#include "sim/core/replica.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.hpp"
#include "kube/client/token_sources.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::simulator {
namespace {

using kube::Lane;
using kube::ObjectKey;

const ObjectKey kLease{"softmigration-system", "softmigration-operator"};

kube::LeaseOptions LeaseFor(const Scenario& scenario, const Tweaks& tweaks, const std::string& identity) {
  kube::LeaseOptions options;
  options.lease = kLease;
  options.identity = identity;
  options.duration = seconds(scenario.lease_seconds);
  options.renew_deadline = seconds(scenario.renew_seconds);
  options.retry = base::Millis(scenario.retry_millis);
  if (tweaks.lease) tweaks.lease(options);
  return options;
}

template <typename Make, typename Plain>
auto Decorated(const Make& make, const Plain& plain, const reconcile::Cache& cache) {
  return make ? make(plain, cache) : nullptr;
}

/// Between a reflector and its store, where a mutant may change what arrives.
class TweakedSink final : public kube::ReflectorSink {
 public:
  TweakedSink(kube::ReflectorSink& sink, kube::ReflectorSink& second, Kind kind, const Tweaks& tweaks)
      : sink_(sink), second_(second), kind_(kind), tweaks_(tweaks) {}
  void OnRestart() override {
    sink_.OnRestart();
    second_.OnRestart();
  }
  void OnSynced() override {
    second_.OnSynced();
    sink_.OnSynced();
  }
  void OnDeleted(const nlohmann::json& object) override {
    if (tweaks_.keep_deleted) return;
    second_.OnDeleted(object);
    sink_.OnDeleted(object);
  }
  void OnApplied(const nlohmann::json& object) override {
    second_.OnApplied(object);
    if (!tweaks_.delivered) return sink_.OnApplied(object);
    nlohmann::json changed = object;
    if (tweaks_.delivered(kind_, changed)) sink_.OnApplied(changed);
  }

 private:
  kube::ReflectorSink& sink_;
  kube::ReflectorSink& second_;
  const Kind kind_;
  const Tweaks& tweaks_;
};

}  // namespace

Replica::Replica(const Parts& parts, int index, int incarnation)
    : Process(parts.loop, parts.fibers, index, fmt::format("op{}.{}", index, incarnation)),
      parts_(parts),
      clock_(parts.loop, base::Millis(parts.scenario.skew_millis[static_cast<std::size_t>(index)])),
      log_(base::MakeNullLog()),
      poller_clock_(parts.tweaks.poller_clock ? parts.tweaks.poller_clock(clock_) : nullptr),
      api_transport_(*this, parts.loop, parts.network, parts.transcript, [this] { return View(); }),
      metric_transport_(*this, {parts.loop, parts.random, parts.metrics, parts.scenario, parts.transcript}, metric_log_),
      client_({"http://api", "default", nullptr, kube::MakeStaticToken("")}, api_transport_),
      fence_(clock_),
      open_fence_(clock_),
      queue_(clock_),
      cache_([this](const ObjectKey& key) {
        pending_ = true;
        controller_.Wake(key, Lane::kOrdinary);
      }),
      executors_cache_([](const ObjectKey&) {}),
      router_(Decorated(parts.tweaks.router, plain_router_, cache_)),
      provider_(Decorated(parts.tweaks.provider, plain_provider_, cache_)),
      sources_(provider_ ? *provider_ : static_cast<const providers::MetricProvider&>(plain_provider_)),
      poller_(metric_transport_, sources_, poller_clock_ ? *poller_clock_ : clock_,
              [this](const ObjectKey& key, bool breach) {
                pending_ = true;
                controller_.Wake(key, breach ? Lane::kSafety : Lane::kOrdinary);
              }),
      gatherer_(cache_, poller_, router_ ? *router_ : static_cast<const routers::TrafficRouter&>(plain_router_), reconcile::kFinalizer),
      executor_({client_, router_ ? *router_ : static_cast<const routers::TrafficRouter&>(plain_router_),
                 parts.tweaks.no_version_tracking ? executors_cache_ : cache_, parts.tweaks.no_fence ? open_fence_ : fence_,
                 parts.tweaks.no_version_tracking ? unread_versions_ : migration_versions_,
                 parts.tweaks.no_version_tracking ? unread_versions_ : route_versions_}),
      events_(*this),
      domain_(metrics_.registry()),
      reconciler_({cache_, gatherer_, executor_, poller_, migration_versions_, route_versions_, events_, domain_, clock_, *log_}),
      controller_({0, 0}, queue_, reconciler_, metrics_, clock_),
      lease_(LeaseFor(parts.scenario, parts.tweaks, name()), client_, fence_, clock_, *log_),
      mail_(clock_, [this] {
        if (lease_waits_) {
          lease_waits_ = false;
          Wake(*lease_fiber_);
        }
      }) {
  open_fence_.ExtendUntil(base::SteadyTime::max());
  api_transport_.OnAcknowledged([this](const ApiCall& call, const std::string& version) {
    acknowledged_[{call.kind, call.name}] = version;
    parts_.on_acknowledged(*this, call, version);
  });
  if (parts.tweaks.retry_at_once) {
    api_transport_.OnFailed([this] { retry_ = true; });
  }
  if (parts.tweaks.rewrite) api_transport_.SetRewrite(parts.tweaks.rewrite(cache_));
}

Replica::~Replica() = default;

void Replica::Events::Record(kube::EventNote note) {
  if (replica_.parts_.tweaks.tells_once && !told_.insert(note.reason).second) return;
  replica_.parts_.on_told(replica_, note);
}

void Replica::Start() {
  WatchAll();
  lease_fiber_ = &Spawn([this] {
    lease_fiber_ = host().current();
    RunLease();
  });
  for (const Lane lane : {Lane::kSafety, Lane::kOrdinary, Lane::kOrdinary}) {
    if (lane == Lane::kSafety && parts_.tweaks.no_safety_lane) continue;
    workers_.push_back(std::make_unique<Worker>(Worker{lane, nullptr, false, nullptr}));
    if (parts_.tweaks.no_safety_lane) break;
  }
}

void Replica::WatchAll() {
  const auto watch = [this](const kube::ResourceType& type, kube::ReflectorSink& sink) {
    kube::ReflectorOptions options;
    options.type = type;
    watches_.push_back(
        std::make_unique<WatchLoop>(*this, loop(), std::move(options), kube::ReflectorDriver::Parts{client_, sink, clock_, *log_}));
  };
  const Tweaks& tweaks = parts_.tweaks;
  const auto tweaked = [&](Kind kind, kube::ReflectorSink& sink, kube::ReflectorSink& second) -> kube::ReflectorSink& {
    if (!tweaks.delivered && !tweaks.keep_deleted && !tweaks.no_version_tracking) return sink;
    sinks_.push_back(std::make_unique<TweakedSink>(sink, second, kind, tweaks));
    return *sinks_.back();
  };
  watch(kube::kServices, tweaked(Kind::kServices, cache_.services(), executors_cache_.services()));
  watch(kube::kEndpointSlices, tweaked(Kind::kEndpointSlices, cache_.slices(), executors_cache_.slices()));
  watch(kube::kHttpRoutes,
        tweaked(Kind::kHttpRoutes, cache_.StoreOf(model::RouteKind::kHttpRoute), executors_cache_.StoreOf(model::RouteKind::kHttpRoute)));
  watch(kube::kSoftMigrations, tweaked(Kind::kSoftMigrations, cache_.migrations(), executors_cache_.migrations()));
}

// As LeaderElector does it, on a fiber.
void Replica::RunLease() {
  while (!stopping_) {
    const kube::LeaseProtocol::Outcome outcome = lease_.Tick({});
    if (outcome.change == kube::LeaseProtocol::Change::kStarted) OnLeading();
    if (outcome.change == kube::LeaseProtocol::Change::kStopped) {
      leading_ = false;
      return Exit(false);
    }
    KeepLeaseWatch();
    if (auto letter = mail_.Take()) {
      lease_.Observe(*letter->lease, letter->seen);
      continue;
    }
    const Time next = std::max(MachineClock::FromSteady(outcome.next), loop().now() + Time(100));
    const auto number = ++lease_sleeps_;
    loop().At(next, shared_from_this(), [this, number] {
      if (!lease_waits_ || number != lease_sleeps_) return;
      lease_waits_ = false;
      lease_fiber_->Resume();
    });
    lease_waits_ = true;
    Park();
    if (auto letter = mail_.Take()) lease_.Observe(*letter->lease, letter->seen);
  }
  Exit(true);
}

void Replica::KeepLeaseWatch() {
  if (lease_.leading()) {
    lease_watch_.reset();
  } else if (!lease_watch_) {
    kube::ReflectorOptions options;
    options.type = kube::kLeases;
    options.ns = kLease.ns;
    options.field_selector = "metadata.name=" + kLease.name;
    lease_watch_ =
        std::make_unique<WatchLoop>(*this, loop(), std::move(options), kube::ReflectorDriver::Parts{client_, mail_, clock_, *log_});
  }
}

void Replica::OnLeading() {
  leading_ = true;
  parts_.transcript.Line(loop().now(), "{}: leads", name());
  StartWorkersWhenReady();
}

void Replica::StartWorkersWhenReady() {
  if (started_ || stopping_ || !leading_ || !cache_.synced()) return;
  started_ = true;
  pending_ = true;
  working_since_ = loop().now();
  parts_.transcript.Line(loop().now(), "{}: works", name());
  controller_.Start(reconcile::KeysInTakeOverOrder(cache_));
}

void Replica::Work(Worker& worker) {
  worker.fiber = host().current();
  for (;;) {
    worker.idle = false;
    for (;;) {
      worker.view.reset();
      if (stopping_ || !controller_.TryPass(worker.lane)) break;
      ++passes_;
      if (!std::exchange(retry_, false)) continue;
      for (const ObjectKey& key : cache_.migrations().Keys()) controller_.Wake(key, Lane::kOrdinary);
    }
    worker.view.reset();
    worker.idle = true;
    Park();
  }
}

std::shared_ptr<const PassView> Replica::View() {
  const Fiber* current = host().current();
  const auto it = std::ranges::find_if(workers_, [&](const auto& worker) { return worker->fiber == current; });
  if (it == workers_.end() || current == nullptr) return nullptr;
  Worker& worker = **it;
  if (worker.view) return worker.view;
  auto view = std::make_shared<PassView>();
  view->at = loop().now();
  view->behind = view->at - (clock_.WallNow().time_since_epoch() - MachineClock::kStart);
  for (const MigrationPlan& plan : parts_.scenario.migrations) {
    if (auto migration = cache_.migrations().Get({kNamespace, plan.name})) view->migrations[plan.name] = std::move(migration);
    for (const std::string& service : {plan.legacy, plan.target}) {
      const ObjectKey key{kNamespace, service};
      if (cache_.services().Get(key)) view->ready[service] = cache_.ReadyEndpoints(key);
    }
  }
  for (const std::string& route : parts_.scenario.routes) {
    if (auto object = cache_.StoreOf(model::RouteKind::kHttpRoute).Get({kNamespace, route})) view->routes[route] = std::move(object);
  }
  view->metrics = metric_log_;
  view->acknowledged = acknowledged_;
  worker.view = std::move(view);
  return worker.view;
}

void Replica::WakeWorkers() {
  kicked_ = false;
  pending_ = false;
  if (!started_ || stopping_) return;
  for (const auto& worker : workers_) {
    if (worker->fiber == nullptr) {
      Spawn([this, &worker = *worker] { Work(worker); });
    } else if (worker->idle) {
      worker->fiber->Resume();
    }
    if (dead) return;
  }
}

void Replica::AfterEvent() {
  if (stopping_ || dead) return;
  StartWorkersWhenReady();
  Time next = Time::max();
  if (const auto due = poller_.AskDue()) next = std::min(next, MachineClock::FromSteady(*due));
  if (started_) {
    if (const auto due = queue_.NextDue()) {
      const Time at = MachineClock::FromSteady(*due);
      if (at <= loop().now()) pending_ = true;
      if (at > loop().now()) next = std::min(next, at);
    }
    if (pending_ && !kicked_) {
      kicked_ = true;
      loop().After(parts_.random.Within(Time(10), Time(400)), shared_from_this(), [this] { WakeWorkers(); });
    }
  }
  if (next < armed_ || armed_ <= loop().now()) {
    armed_ = next;
    if (next != Time::max()) loop().At(next, shared_from_this(), [] {});  // AfterEvent does the rest
  }
}

void Replica::StopGracefully() {
  if (stopping_) return;
  parts_.transcript.Line(loop().now(), "{}: stops", name());
  stopping_ = true;
  if (!lease_waits_) return;  // it sees it by itself
  lease_waits_ = false;
  Wake(*lease_fiber_);
}

void Replica::Exit(bool release) {
  stopping_ = true;
  poller_.Stop();
  const auto busy = [](const auto& worker) { return worker->fiber != nullptr && !worker->idle; };
  while (std::ranges::any_of(workers_, busy)) Sleep(milliseconds(5));
  if (release) lease_.Release(base::Millis(700));
  leading_ = false;
  parts_.on_exit(*this);
}

void Replica::Close() {
  watches_.clear();
  lease_watch_.reset();
}

}  // namespace softmig::simulator
