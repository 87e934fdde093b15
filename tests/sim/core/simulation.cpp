#include "sim/core/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/core/invariants.hpp"
#include "sim/core/people.hpp"

namespace softmig::simulator {
namespace {

constexpr Time kSettleSlice = seconds(10);
constexpr Time kLastWords = seconds(30);
constexpr Time kSettleWithin = minutes(40);  // a conflict alone is waited out for ten minutes after its last sign

/// All parts of one run. Not thread-safe; confined to the thread that runs it.
class Simulation {
 public:
  Simulation(const RunOptions& options, StackPool& stacks);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  RunResult Run();

 private:
  void StartReplica(int index);
  void Kill(Process& process, Time restart_after);
  void Reap(int index, const std::shared_ptr<Replica>& replica, Time restart_after);
  void Freeze(Process& process, Time length);
  void Begin(const Fault& fault);
  void End(const Fault& fault);
  void BeginWorldFault(const Fault& fault);
  Replica* Worker();
  void RunFaults();
  void Settle();
  void Rest();
  RunResult Result();

  const RunOptions& options_;
  const Scenario scenario_;
  Random random_;
  FaultPlan plan_;
  Transcript transcript_;
  Checker checker_;
  Loop loop_;
  FiberHost fibers_;
  Cluster cluster_;
  DataPlane data_plane_;
  MetricSource metrics_;
  Network network_;
  People people_;
  Invariants invariants_;
  std::vector<std::shared_ptr<Replica>> replicas_;
  std::vector<int> incarnations_;
  std::uint64_t faults_ = 0;
};

FaultPlan PlanFor(const RunOptions& options, const Scenario& scenario) {
  if (options.plan) return *options.plan;
  Random random(options.seed * 2 + 2);
  return DrawPlan(scenario, random);
}

Simulation::Simulation(const RunOptions& options, StackPool& stacks)
    : options_(options),
      scenario_(options.scenario ? *options.scenario : DrawScenario(options.seed)),
      random_(options.seed * 3 + 7),
      plan_(PlanFor(options, scenario_)),
      transcript_(options.transcript),
      fibers_(stacks),
      cluster_(loop_, transcript_),
      data_plane_(loop_, random_, cluster_, scenario_, transcript_),
      metrics_(loop_, data_plane_, scenario_, random_),
      network_(loop_, random_, cluster_, transcript_),
      people_(loop_, random_, cluster_, scenario_),
      invariants_({loop_, checker_, cluster_, network_, data_plane_, scenario_, [this] { return Worker(); }}),
      replicas_(static_cast<std::size_t>(scenario_.replicas)),
      incarnations_(static_cast<std::size_t>(scenario_.replicas)) {
  network_.SetHooks({[this](Process& process) { Kill(process, random_.Within(milliseconds(200), seconds(4))); },
                     [this](Process& process, Time length) { Freeze(process, length); }});
  network_.SetChooser(options.chooser);
  if (options.chooser != nullptr) {
    cluster_.Listen([this](const ClusterChange& change) {
      const bool counts = change.kind == Kind::kSoftMigrations || change.kind == Kind::kHttpRoutes;
      if (counts && change.sender.replica >= 0) options_.chooser->Mark();
    });
  }
  loop_.SetChooser(options.chooser, milliseconds(3));
  loop_.SetObserver([this] {
    invariants_.AfterEvent();
    if (checker_.violation()) loop_.Stop();
  });
}

Simulation::~Simulation() {
  for (auto& replica : replicas_) {
    if (!replica) continue;
    replica->Die();
    replica->Unwind();
    replica->Close();
  }
}

void Simulation::StartReplica(int index) {
  const auto i = static_cast<std::size_t>(index);
  if (replicas_[i]) return;
  const Replica::Parts parts{loop_,
                             fibers_,
                             random_,
                             network_,
                             metrics_,
                             transcript_,
                             scenario_,
                             options_.tweaks,
                             [this](Process& process) { Kill(process, random_.Within(milliseconds(200), seconds(4))); },
                             [this](const Process& process, const ApiCall& call, const std::string& version) {
                               if (call.kind == Kind::kSoftMigrations) invariants_.NoteAcknowledged(process.name(), call.name, version);
                             },
                             [this](const Process& process, const kube::EventNote& note) {
                               transcript_.Line(loop_.now(), "{}: tells {} \"{}\" of {}", process.name(), note.reason, note.note,
                                                note.regarding.name);
                               invariants_.NoteTold(process.name(), note.regarding.name, note.reason, note.note);
                             }};
  replicas_[i] = std::make_shared<Replica>(parts, index, ++incarnations_[i]);
  transcript_.Line(loop_.now(), "{}: starts", replicas_[i]->name());
  replicas_[i]->Start();
}

void Simulation::Kill(Process& process, Time restart_after) {
  const auto index = static_cast<std::size_t>(process.index());
  process.Die();
  transcript_.Line(loop_.now(), "{}: is dead", process.name());
  if (replicas_[index].get() == &process) {
    loop_.After(Time(0), nullptr, [this, index, replica = std::move(replicas_[index]), restart_after] {
      Reap(static_cast<int>(index), replica, restart_after);
    });
  }
  if (fibers_.current() != nullptr) throw Crashed();
}

void Simulation::Reap(int index, const std::shared_ptr<Replica>& replica, Time restart_after) {
  if (replica->frozen) loop_.Thaw(*replica);  // drops what it held back
  replica->Unwind();
  replica->Close();
  loop_.After(restart_after, nullptr, [this, index] { StartReplica(index); });
}

void Simulation::Freeze(Process& process, Time length) {
  process.frozen = true;
  const auto self = process.shared_from_this();
  loop_.After(length, nullptr, [this, self] {
    transcript_.Line(loop_.now(), "{}: runs again", self->name());
    loop_.Thaw(*self);
    invariants_.NoteThaw(self->index());
  });
}

Replica* Simulation::Worker() {
  for (const auto& replica : replicas_) {
    if (replica && replica->leading() && replica->working()) return replica.get();
  }
  return nullptr;
}

void Simulation::Begin(const Fault& fault) {
  ++faults_;
  transcript_.Line(loop_.now(), "fault: {}", ToText(fault));
  const auto replica = [&] { return fault.who < 0 ? nullptr : replicas_[static_cast<std::size_t>(fault.who)]; };
  switch (fault.kind) {
    case FaultKind::kCrash:
      if (const auto one = replica()) Kill(*one, fault.length);
      return;
    case FaultKind::kStop:
      if (const auto one = replica(); one && !one->frozen) one->StopGracefully();
      return;
    case FaultKind::kFreeze:
      if (const auto one = replica(); one && !one->frozen) Freeze(*one, fault.length);
      return;
    case FaultKind::kClockJump:
      invariants_.NoteClockJump();
      if (const auto one = replica()) one->JumpClock(base::Millis(fault.amount));
      return;
    case FaultKind::kWatchCut: return network_.CutWatches(fault.who, fault.what);
    case FaultKind::kCompact: return cluster_.server().Compact();
    default: break;
  }
  if (fault.kind <= FaultKind::kCompact) return network_.Begin(fault);
  BeginWorldFault(fault);
}

void Simulation::BeginWorldFault(const Fault& fault) {
  const MigrationPlan* plan = fault.kind == FaultKind::kGateway || fault.kind >= FaultKind::kRouteWeights
                                  ? nullptr
                                  : &scenario_.migrations[static_cast<std::size_t>(fault.who)];
  switch (fault.kind) {
    case FaultKind::kMetricFault:
      if (static_cast<MetricMode>(fault.what) == MetricMode::kReset) return metrics_.ResetCounters(fault.who, loop_.now());
      return metrics_.SetMode(fault.who, static_cast<MetricMode>(fault.what));
    case FaultKind::kBreach: {
      const int component = fault.what % static_cast<int>(plan->components.size());
      return data_plane_.SetHealth(fault.who, component, fault.amount == 0 ? 0.5 : 0.0, fault.amount == 0 ? 0.1 : 2.0);
    }
    case FaultKind::kEndpointsGone: {
      const std::string& service = fault.what == 0 ? plan->legacy : plan->target;
      data_plane_.SetReady(service, fault.amount);
      cluster_.Merge(Kind::kEndpointSlices, service + "-1", {{"endpoints", SliceJson(service, fault.amount).at("endpoints")}},
                     "endpointslice-controller");
      return;
    }
    case FaultKind::kGateway:
      return data_plane_.SetGateway(scenario_.routes[static_cast<std::size_t>(fault.who)], static_cast<GatewayMode>(fault.what));
    default: return people_.Act(fault);
  }
}

void Simulation::End(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kMetricFault: return metrics_.SetMode(fault.who, std::nullopt);
    case FaultKind::kBreach: {
      const auto& plan = scenario_.migrations[static_cast<std::size_t>(fault.who)];
      if (fault.length > Time(0)) data_plane_.SetHealth(fault.who, fault.what % static_cast<int>(plan.components.size()), 0.0, 0.1);
      return;
    }
    case FaultKind::kEndpointsGone: {
      const auto& plan = scenario_.migrations[static_cast<std::size_t>(fault.who)];
      const std::string& service = fault.what == 0 ? plan.legacy : plan.target;
      data_plane_.SetReady(service, 2);
      cluster_.Merge(Kind::kEndpointSlices, service + "-1", {{"endpoints", SliceJson(service, 2).at("endpoints")}},
                     "endpointslice-controller");
      return;
    }
    case FaultKind::kGateway: return data_plane_.SetGateway(scenario_.routes[static_cast<std::size_t>(fault.who)], GatewayMode::kObeys);
    default: return network_.End(fault);
  }
}

void Simulation::RunFaults() {
  Time end{};
  for (const Fault& fault : plan_) {
    loop_.At(fault.at, nullptr, [this, &fault] { Begin(fault); });
    loop_.At(fault.at + fault.length, nullptr, [this, &fault] { End(fault); });
    end = std::max(end, fault.at + fault.length);
  }
  for (const MigrationPlan& migration : scenario_.migrations) {
    end = std::max({end, Time(seconds(migration.created_at_seconds + (migration.stranger ? 3 : 1))),
                    Time(seconds(migration.template_edit_seconds + 1))});
  }
  loop_.RunUntil(end + seconds(1));
}

void Simulation::Settle() {
  network_.Calm();
  const Time limit = loop_.now() + kSettleWithin;
  std::optional<std::string> why = "not looked at";
  while (!loop_.stopped() && why && loop_.now() < limit) {
    loop_.RunUntil(loop_.now() + kSettleSlice);
    why = invariants_.Unsettled();
    if (why) continue;
    // The last gateways report, the last watches arrive, and who was frozen is found out: the next leader has its own first words to say.
    loop_.RunUntil(loop_.now() + kLastWords);
    why = invariants_.Unsettled();
  }
  if (loop_.stopped()) return;
  checker_.Require(!why, loop_.now(), invariant::kSettles, [&] { return *why; });
}

void Simulation::Rest() {
  if (loop_.stopped()) return;
  if (!cluster_.refused().empty()) checker_.Violate(loop_.now(), "TheWorldMakesSense", cluster_.refused());
  const bool settled = !invariants_.Unsettled();
  const bool is_long = !options_.short_rest && options_.seed % 256 == 0;
  network_.Disarm();
  invariants_.BeginRest();
  loop_.RunUntil(loop_.now() + (is_long ? Time(minutes(60)) : Time(seconds(60))));
  invariants_.EndRest();
  if (settled && !loop_.stopped()) invariants_.JudgeEnd();
}

RunResult Simulation::Result() {
  RunResult result;
  result.violation = checker_.violation();
  result.plan = plan_;
  result.hash = transcript_.hash();
  result.events = loop_.events();
  result.faults = faults_ + network_.counts().faults;
  result.virtual_hours = std::chrono::duration<double, std::ratio<3600>>(loop_.now()).count();
  result.exercised = checker_.exercised();
  for (std::size_t i = 0; i < scenario_.migrations.size(); ++i) {
    const MigrationRecord& record = invariants_.record(i);
    ++result.ends[!record.present ? "gone" : record.phase];
  }
  return result;
}

RunResult Simulation::Run() {
  people_.CreateAll();
  for (int i = 0; i < scenario_.replicas; ++i) {
    loop_.At(random_.Within(Time(0), milliseconds(300)), nullptr, [this, i] { StartReplica(i); });
  }
  RunFaults();
  Settle();
  Rest();
  if (checker_.violation()) {
    transcript_.Line(loop_.now(), "VIOLATED {}: {}", checker_.violation()->invariant, checker_.violation()->text);
  }
  return Result();
}

}  // namespace

RunResult RunOnce(const RunOptions& options, StackPool& stacks) { return Simulation(options, stacks).Run(); }

}  // namespace softmig::simulator
