// Where every run has to end once nothing goes wrong any more, and what must be true then.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/core/invariants.hpp"

namespace softmig::simulator {
namespace {

constexpr double kRounding = 0.0051;

}  // namespace

void Invariants::BeginRest() {
  at_rest_ = true;
  rest_since_ = parts_.loop.now();
}

void Invariants::EndRest() {
  at_rest_ = false;
  parts_.checker.Exercised(invariant::kQuiet);
}

std::optional<std::string> Invariants::Unsettled() const {
  // What stands in status may be older than what the next leader finds out.
  const Replica* worker = parts_.worker();
  if (worker == nullptr || worker->frozen) return "nobody leads";
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    if (auto why = Unsettled(i)) return why;
  }
  return std::nullopt;
}

std::optional<std::string> Invariants::Unmade(const MigrationPlan& plan) const {
  for (const std::string& route : plan.routes) {
    if (!plan.managed) continue;
    const auto object = parts_.cluster.Find(Kind::kHttpRoutes, route);
    if (!object) return fmt::format("{}: route {} is missing", plan.name, route);
    const bool ours = object->at("metadata").value("annotations", nlohmann::json::object()).contains("softmigration.io/template");
    const bool edited = plan.template_edit_seconds > 0 && parts_.loop.now() > seconds(plan.template_edit_seconds);
    const auto wanted = edited ? nlohmann::json::array({kEditedHost}) : nlohmann::json();
    if (ours && object->at("spec").value("hostnames", nlohmann::json()) != wanted) {
      return fmt::format("{}: route {} is not as its template says", plan.name, route);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Invariants::Unsettled(std::size_t index) const {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const MigrationRecord& record = stories_[index].record;
  if (!record.present) return stories_[index].seen ? std::nullopt : std::optional(plan.name + " was not yet created");
  if (record.deleting) return plan.name + " is deleted, but still there";
  if (record.observed != record.generation) {
    return fmt::format("{}: generation {} observed, {} is there", plan.name, record.observed, record.generation);
  }
  if (record.phase == "Invalid") return plan.name + " is Invalid";
  if (auto why = Unmade(plan)) return why;
  if (record.drift) return plan.name + " still remembers that somebody took its writes back";
  if (record.desired == "Pending") {
    if (record.phase == "Pending" && !record.adopted && !record.finalizer) return std::nullopt;
    return fmt::format("{}: desiredPhase is Pending, phase {}, adopted {}, finalizer {}", plan.name, record.phase, record.adopted,
                       record.finalizer);
  }
  if (record.phase == "Complete" && record.finalizer) return plan.name + " is Complete and still has the finalizer";
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    if (auto why = UnsettledComponent(index, c)) return why;
  }
  return std::nullopt;
}

std::optional<std::string> Invariants::UnsettledComponent(std::size_t index, std::size_t c) const {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Story& story = stories_[index];
  const ComponentPlan& component = plan.components[c];
  const auto found = story.record.components.find(component.name);
  if (found == story.record.components.end()) return plan.name + "/" + component.name + " is not in status";
  const ComponentRecord& record = found->second;
  const std::string who =
      fmt::format("{}/{}: {} at {} % waiting for: {}", plan.name, component.name, record.phase, record.weight, record.waiting_for);
  if (record.phase == "Complete") return std::nullopt;
  if (record.phase == "RolledBack") return std::nullopt;
  const bool sick = !parts_.data_plane.Healthy(static_cast<int>(index), static_cast<int>(c));
  const bool told = record.waiting_for.find("Breach") != std::string::npos;
  if (sick && told && record.weight == 0) return std::nullopt;  // no users yet, and none shall come
  if (record.phase == "Pending") {
    const bool waits = std::ranges::any_of(component.after, [&](const std::string& name) {
      const auto before = story.record.components.find(name);
      return before == story.record.components.end() || before->second.phase != "Complete";
    });
    return waits ? std::nullopt : std::optional(who);
  }
  if (record.phase != "Shift" || record.since.empty() || record.waiting_for.empty()) return who;
  const bool ceiling = story.record.desired == "Shift" && record.step + 1 >= static_cast<int>(plan.steps.size());
  // Evidence of a breach that is only held stays one until the attempt is raised.
  const bool held = told && plan.hold_on_breach && (sick || plan.evidence);
  return ceiling || held ? std::nullopt : std::optional(who);
}

void Invariants::JudgeTruth(std::size_t index) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Story& story = stories_[index];
  if (!story.record.present || !story.record.adopted) return;
  const bool let_go = story.record.phase == "Complete" && !story.record.finalizer;
  for (std::size_t c = 0; c < plan.components.size() && !let_go; ++c) {
    const auto record = story.record.components.find(plan.components[c].name);
    if (record == story.record.components.end()) continue;
    for (const auto& [route, share] : story.components[c].shares) {
      if (share.rules == 0) continue;
      const double wanted = record->second.weight / 100.0;
      const auto object = parts_.cluster.Find(Kind::kHttpRoutes, route);
      const bool accepted = object && IsAccepted(*object);
      const bool right = std::abs(share.target - wanted) < kRounding && (wanted > 0 || !share.flagged) && accepted;
      parts_.checker.Require(right, parts_.loop.now(), invariant::kTruthful, [&] {
        return fmt::format("{}/{}: status says {} % ({}), route {} sends {} %{}{}", plan.name, plan.components[c].name,
                           record->second.weight, record->second.phase, route, share.target * 100, share.flagged ? " and flags" : "",
                           accepted ? "" : ", not accepted");
      });
    }
  }
}

void Invariants::JudgeEnd() {
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    JudgeTruth(i);
    for (const auto& [process, recorded] : stories_[i].recorded) JudgeAllTold(i, process);
  }
  const Replica* worker = parts_.worker();
  parts_.checker.Require(worker != nullptr, parts_.loop.now(), invariant::kSettles, [] { return std::string("nobody leads at the end"); });
  if (worker == nullptr) return;
  for (const MigrationPlan& plan : parts_.scenario.migrations) {
    const auto live = parts_.cluster.Find(Kind::kSoftMigrations, plan.name);
    const auto cached = worker->cache().migrations().Get({kNamespace, plan.name});
    const bool same = live ? cached && cached->meta.resource_version == live->at("metadata").at("resourceVersion") : cached == nullptr;
    parts_.checker.Require(same, parts_.loop.now(), invariant::kCaches, [&] { return plan.name + " is another one in the cache"; });
  }
}

}  // namespace softmig::simulator
