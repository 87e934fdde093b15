// What must happen within a time, judged after every event. Time that is excused: while the API server does not serve the process that
// works (and a second more), while that process stands still, and while it cannot know.
#include <fmt/format.h>

#include <algorithm>

#include "sim/core/invariants.hpp"

namespace softmig::simulator {
namespace {

// The promise: users are back within a second of the API server's word. Besides that second: a wake-up, the calls themselves with their
// ways (each at most 200 ms unless it counts as a disturbance), one for each route, and a second try after a conflict.
constexpr Time kBound = milliseconds(2'500);
// While somebody keeps resetting the route, the operator goes against it only so often.
constexpr Time kConflictPace = milliseconds(5'000);
// Longer than the longest wait of a reflector between two tries.
constexpr Time kWatchBackoff = seconds(6);
constexpr Time kPaceWindow = seconds(10);
constexpr std::uint64_t kMostEvents = 300'000;
constexpr std::uint64_t kMostCallsInWindow = 1'500;
constexpr std::uint64_t kMostPassesInWindow = 1'000;

}  // namespace

bool Invariants::OnTarget(const ComponentStory& component) const {
  return std::ranges::any_of(component.shares, [](const auto& one) { return one.second.target > 0 || one.second.flagged; });
}

bool Invariants::LegacyCannotTake(const MigrationPlan& plan) const {
  const auto serves = [&](const std::string& service) {
    return parts_.data_plane.ready(service) > 0 && parts_.cluster.Find(Kind::kServices, service) != nullptr;
  };
  return !serves(plan.legacy) && serves(plan.target);
}

Time Invariants::Excused(const Replica& worker, std::size_t index, Time since) const {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Story& story = stories_[index];
  Time from = std::max({since, worker.working_since(), parts_.network.DisturbedUntil(worker.index(), plan.name), legacy_back_});
  for (const std::string& route : plan.routes) from = std::max(from, parts_.network.DisturbedUntil(worker.index(), route));
  if (const auto thawed = thawed_.find(worker.index()); thawed != thawed_.end()) from = std::max(from, thawed->second);
  return from + kBound + (story.record.conflict ? kConflictPace : Time(0));
}

bool Invariants::WatchesTell(const Replica& worker) const {
  const Time calm = parts_.network.WatchesCalmSince(worker.index());
  return calm == Time(0) || parts_.loop.now() - calm > kWatchBackoff;
}

/// While legacy cannot take users nobody is taken back; that it can again must travel first.
void Invariants::NoteLegacy(std::size_t index, const Replica& worker) {
  Story& story = stories_[index];
  const Time now = parts_.loop.now();
  if (LegacyCannotTake(parts_.scenario.migrations[index])) {
    story.legacy_away = true;
    legacy_back_ = now + seconds(1);
  } else if (story.legacy_away && !WatchesTell(worker)) {
    legacy_back_ = now + seconds(1);
  } else if (now >= legacy_back_) {
    story.legacy_away = false;
  }
}

void Invariants::NoteThaw(int replica) { thawed_[replica] = parts_.loop.now(); }

namespace {

/// Nothing: not yet. Of counts that began anew the first answer after that says nothing.
std::optional<Time> KnownBadSince(const MetricFacts& facts, Time begun) {
  if (facts.bad_in_a_row < facts.bad_needed) return std::nullopt;
  if (begun == Time(0)) return facts.bad_since;
  const auto first = std::ranges::upper_bound(facts.bad_at, begun);
  const auto left = facts.bad_at.end() - first;
  return left > facts.bad_needed ? std::optional(*(first + facts.bad_needed)) : std::nullopt;
}

}  // namespace

void Invariants::JudgeBreach(std::size_t index, std::size_t c, Replica& worker) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  ComponentStory& component = story.components[c];
  const auto record = story.record.components.find(plan.components[c].name);
  const bool judged = record != story.record.components.end() && record->second.phase == "Shift" && record->second.weight > 0 &&
                      !plan.hold_on_breach && !story.record.deleting && story.record.desired != "Pending";
  std::optional<Time> since;
  bool suspected = false;
  for (std::size_t m = 0; judged && m < plan.metrics.size(); ++m) {
    const auto facts = worker.metric_log().find({static_cast<int>(index), static_cast<int>(c), static_cast<int>(m)});
    if (facts == worker.metric_log().end()) continue;
    suspected = suspected || facts->second.bad_in_a_row > 0;
    const auto known = KnownBadSince(facts->second, plan.metrics[m].counts ? story.attempt_since : Time(0));
    if (known) since = since ? std::min(*since, *known) : *known;
  }
  suspected = suspected && OnTarget(component);
  if (suspected && !component.suspected) parts_.checker.Exercised(invariant::kBreach);
  component.suspected = suspected;
  if (!since || !OnTarget(component)) {
    component.breach_since.reset();
    return;
  }
  if (!component.breach_since) component.breach_since = parts_.loop.now();
  if (parts_.loop.now() <= Excused(worker, index, *component.breach_since)) return;
  parts_.checker.Violate(parts_.loop.now(), invariant::kBreach,
                         fmt::format("{}/{}: {} knows of a breach since {} s and users are still on the target", plan.name,
                                     plan.components[c].name, worker.name(), std::chrono::duration<double>(*since).count()));
}

void Invariants::JudgeDeadTarget(std::size_t index, std::size_t c, Replica& worker) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  ComponentStory& component = story.components[c];
  const auto record = story.record.components.find(plan.components[c].name);
  const bool judged = record != story.record.components.end() && record->second.phase == "Shift" && !story.record.deleting;
  // It is known as soon as the watches had time to tell; a watch that broke is opened again after a back-off.
  if (!judged || !WatchesTell(worker) || !OnTarget(component) || parts_.data_plane.ready(plan.target) > 0 ||
      parts_.data_plane.ready(plan.legacy) == 0 || !parts_.cluster.Find(Kind::kServices, plan.legacy)) {
    component.dead_since.reset();
    return;
  }
  if (!component.dead_since) {
    component.dead_since = parts_.loop.now();
    parts_.checker.Exercised(invariant::kDeadTarget);
  }
  if (parts_.loop.now() <= Excused(worker, index, *component.dead_since)) return;
  parts_.checker.Violate(parts_.loop.now(), invariant::kDeadTarget,
                         fmt::format("{}/{}: the target is known to be dead, legacy is alive, and users are still on the target", plan.name,
                                     plan.components[c].name));
}

void Invariants::JudgeRollback(std::size_t index, std::size_t c, Replica& worker) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  ComponentStory& component = story.components[c];
  const auto record = story.record.components.find(plan.components[c].name);
  const bool rolling = record != story.record.components.end() && record->second.phase == "RollingBack" && !story.record.deleting;
  if (rolling && !component.rolling) parts_.checker.Exercised(invariant::kRollback);
  component.rolling = rolling;
  component.freed = rolling && (component.freed || !OnTarget(component));
  // That somebody sends users to the target again is told by a watch.
  if (component.freed && !WatchesTell(worker)) component.rollback_since.reset();
  if (!rolling || !OnTarget(component) || LegacyCannotTake(plan)) {
    component.rollback_since.reset();
    return;
  }
  if (!component.rollback_since) component.rollback_since = parts_.loop.now();
  if (parts_.loop.now() <= Excused(worker, index, *component.rollback_since)) return;
  parts_.checker.Violate(
      parts_.loop.now(), invariant::kRollback,
      fmt::format("{}/{}: a rollback is recorded and users are still on the target", plan.name, plan.components[c].name));
}

void Invariants::JudgePace() {
  const Time now = parts_.loop.now();
  if (parts_.loop.events() > kMostEvents) parts_.checker.Violate(now, invariant::kHotLoop, "the run does not end");
  if (now - pace_from_ < kPaceWindow) return;
  const Network::Counts& counts = parts_.network.counts();
  const std::uint64_t calls = counts.writes + counts.reads - pace_counts_.writes - pace_counts_.reads;
  Replica* worker = parts_.worker();
  const bool same = worker != nullptr && worker->name() == pace_process_;
  const std::uint64_t passes = same ? worker->passes() - pace_passes_ : 0;
  parts_.checker.Require(calls <= kMostCallsInWindow && passes <= kMostPassesInWindow, now, invariant::kHotLoop,
                         [&] { return fmt::format("{} calls and {} passes within 10 s", calls, passes); });
  pace_from_ = now;
  pace_counts_ = counts;
  pace_process_ = worker == nullptr ? "" : worker->name();
  pace_passes_ = worker == nullptr ? 0 : worker->passes();
}

void Invariants::AfterEvent() {
  JudgePace();
  Replica* worker = parts_.worker();
  if (worker == nullptr || worker->frozen) return;
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    if (!stories_[i].record.present) continue;
    NoteLegacy(i, *worker);
    for (std::size_t c = 0; c < stories_[i].components.size(); ++c) {
      JudgeBreach(i, c, *worker);
      JudgeDeadTarget(i, c, *worker);
      JudgeRollback(i, c, *worker);
    }
  }
}

}  // namespace softmig::simulator
