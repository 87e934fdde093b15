#include "simulate/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "simulate/counted_metric.hpp"

namespace softmig::simulate {
namespace {

using base::Millis;
using base::WallTime;
using model::Phase;

constexpr int kMostPasses = 64;  ///< of one moment; a decision that does not settle is a defect that the operator's own tests look for
constexpr Millis kWeek = std::chrono::hours(7 * 24);

Millis LongestOf(const model::Spec& spec) {
  Millis holds{0};
  for (const model::Step& step : spec.steps) holds += step.hold;
  return holds * static_cast<std::int64_t>(spec.components.size()) + kWeek;
}

class Player {
 public:
  Player(const model::Spec& spec, const Trace& trace, const Limits& limits)
      : spec_(spec), trace_(trace), begin_(limits.begin), longest_(limits.longest.value_or(LongestOf(spec))), world_(spec, {}, false) {}

  base::Result<Timeline> Play() {
    if (auto made = MakeMetrics(); !made) return base::Fail(made.error());
    if (longest_ / spec_.interval > kMostPolls) {
      return base::Fail(base::ErrorCode::kInvalid, "that is too long to play at this interval; give a shorter time with --for");
    }
    while (true) {
      if (at_ % spec_.interval == Millis(0)) Poll();
      Settle();
      if (IsOver()) break;
      const Millis next = NextMoment();
      if (next > longest_) {
        timeline_.cut_off = true;
        PassTime(longest_);
        break;
      }
      PassTime(next);
    }
    return Finish();
  }

 private:
  struct Metric {
    std::string component;
    const model::MetricSpec* spec;
    SimulatedMetric simulated;
    TraceCursor cursor;
  };

  base::Status MakeMetrics() {
    for (const model::ComponentSpec& component : spec_.components) {
      users_.emplace(component.name, TraceCursor(trace_, component.name, {}));
      for (const model::MetricSpec& metric : spec_.metrics) {
        if (!model::Judges(metric, component.name)) continue;
        auto made = SimulatedMetric::Make(spec_, metric);
        if (!made) return base::Fail(made.error());
        metrics_.push_back({component.name, &metric, std::move(*made), TraceCursor(trace_, component.name, metric.name)});
      }
    }
    return {};
  }

  const model::ComponentStatus* StatusOf(const std::string& component) const {
    const auto& components = world_.status().components;
    const auto it = std::ranges::find(components, component, &model::ComponentStatus::name);
    return it == components.end() ? nullptr : &*it;
  }

  void Poll() {
    for (Metric& metric : metrics_) {
      const model::ComponentStatus* component = StatusOf(metric.component);
      if (component == nullptr || !decide::WantsMetrics(spec_, world_.status(), metric.component)) {
        metric.simulated.Forget();
        continue;
      }
      metric.simulated.Poll(begin_ + at_, metric.cursor.At(at_), *component);
    }
  }

  Seen WhatIsSeen() const {
    Seen seen;
    for (const Metric& metric : metrics_) {
      if (metric.simulated.seen()) seen[{metric.component, metric.spec->name}] = *metric.simulated.seen();
    }
    return seen;
  }

  /// Passes until nothing changes, as the operator makes them.
  void Settle() {
    world_.SetTargetReady(target_.At(at_).target);
    const Seen seen = WhatIsSeen();
    for (int i = 0; i < kMostPasses; ++i) {
      const decide::Decision decision = decide::Decide(spec_, world_.status(), world_.Observe(seen), begin_ + at_);
      wake_ = decision.wake_at;
      for (const decide::Note& note : decision.notes) timeline_.events.push_back({at_, note.warning, note.reason, note.message});
      if (!world_.Apply(decision)) break;
      NoteWeights();
    }
  }

  void NoteWeights() {
    for (const model::ComponentSpec& component : spec_.components) {
      const int weight = world_.WeightOf(component.name);
      const auto last = weights_.find(component.name);
      if (last != weights_.end() && timeline_.steps[last->second].weight == weight) continue;
      if (last == weights_.end() && weight == 0) continue;
      if (last != weights_.end()) timeline_.steps[last->second].until = at_;
      weights_[component.name] = timeline_.steps.size();
      timeline_.steps.push_back({component.name, weight, at_, {}, HoldOf(weight), 0});
    }
  }

  Millis HoldOf(int weight) const {
    const auto step = std::ranges::find_if(spec_.steps, [&](const model::Step& one) { return one.weight.value() == weight; });
    return step == spec_.steps.end() ? Millis(0) : step->hold;
  }

  /// Nothing moves any more: all are where they end, or wait for one that was rolled back.
  bool IsOver() const {
    bool rolled_back = false, pending = false;
    for (const model::ComponentStatus& component : world_.status().components) {
      if (component.phase == Phase::kShift || component.phase == Phase::kRollingBack) return false;
      rolled_back = rolled_back || component.phase == Phase::kRolledBack;
      pending = pending || component.phase == Phase::kPending;
    }
    return rolled_back || !pending;
  }

  Millis NextMoment() const {
    Millis next = (at_ / spec_.interval + 1) * spec_.interval;
    if (wake_ && *wake_ > begin_ + at_) next = std::min(next, *wake_ - begin_);
    if (const auto change = trace_.NextAfter(at_)) next = std::min(next, *change);
    return next;
  }

  void PassTime(Millis until) {
    const double seconds = std::chrono::duration<double>(until - at_).count();
    for (Metric& metric : metrics_) {
      metric.simulated.Grow(metric.cursor.At(at_), world_.WeightOf(metric.component), seconds);
    }
    for (const auto& [component, step] : weights_) {
      timeline_.steps[step].requests += users_.at(component).At(at_).requests * seconds * timeline_.steps[step].weight / 100.0;
    }
    at_ = until;
  }

  Timeline Finish() {
    timeline_.ended = at_;
    timeline_.status = world_.status();
    for (const Metric& metric : metrics_) {
      if (!metric.spec->counts) continue;
      const SimulatedMetric& one = metric.simulated;
      timeline_.harm.push_back({metric.component, metric.spec->name, one.target().total, one.target().bad, one.expected_bad()});
    }
    return std::move(timeline_);
  }

  const model::Spec& spec_;
  const Trace& trace_;
  const WallTime begin_;
  const Millis longest_;
  World world_;
  std::vector<Metric> metrics_;
  std::map<std::string, TraceCursor> users_;  ///< by component
  TraceCursor target_{trace_, {}, {}};
  std::map<std::string, std::size_t> weights_;  ///< component to the last of its entries in timeline_.steps
  std::optional<WallTime> wake_;
  Millis at_{0};
  Timeline timeline_;
};

}  // namespace

base::Result<Timeline> Run(const model::Spec& spec, const Trace& trace, const Limits& limits) { return Player(spec, trace, limits).Play(); }

NextPasses LookAhead(const model::Spec& spec, const model::Status& status, bool finalizer, WallTime now) {
  World world(spec, status, finalizer);
  NextPasses passes;
  for (int i = 0; i < kMostPasses; ++i) {
    const decide::Decision decision = decide::Decide(spec, world.status(), world.Observe({}), now);
    passes.notes.insert(passes.notes.end(), decision.notes.begin(), decision.notes.end());
    if (!world.Apply(decision)) break;
  }
  passes.status = world.status();
  return passes;
}

}  // namespace softmig::simulate
