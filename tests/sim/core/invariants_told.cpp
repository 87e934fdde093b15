// What a leader tells as Events against what it recorded in status.
#include <fmt/format.h>

#include <algorithm>

#include "sim/core/invariants.hpp"

namespace softmig::simulator {
namespace {

constexpr const char* kMoved = "Shifting";
constexpr const char* kComplete = "Completed";
constexpr const char* kBack = "RolledBack";

/// "component NAME: …" names it; the only one of a migration without components needs no name.
std::string ComponentOf(const std::string& note) {
  constexpr std::string_view kPrefix = "component ";
  if (!note.starts_with(kPrefix)) return "all";
  return note.substr(kPrefix.size(), note.find(':') - kPrefix.size());
}

bool IsTransition(const std::string& reason) { return reason == kMoved || reason == kComplete || reason == kBack; }

/// Each step to more users, and each arrival, is told. What else a status says may be told, or not.
std::vector<Transition> TransitionsOf(const MigrationRecord& before, const MigrationRecord& after) {
  std::vector<Transition> found;
  for (const auto& [name, is] : after.components) {
    const auto old = before.components.find(name);
    const ComponentRecord was = old == before.components.end() ? ComponentRecord{} : old->second;
    if (is.weight > was.weight) found.push_back({name, kMoved});
    if (was.phase == is.phase) continue;
    if (is.phase == "Complete") found.push_back({name, kComplete});
    if (is.phase == "RolledBack") found.push_back({name, kBack});
    if (is.phase == "RollingBack") found.push_back({name, after.rollback_component == name ? after.rollback_reason : std::string()});
  }
  return found;
}

bool Fits(const Transition& told, const Transition& recorded) {
  if (told.component != recorded.component) return false;
  // Of two rollbacks that begin together only one is recorded with its reason.
  return told.reason == recorded.reason || (recorded.reason.empty() && !IsTransition(told.reason));
}

}  // namespace

void Invariants::ExpectTold(std::size_t index, const MigrationRecord& before, const MigrationRecord& after, const Sender& sender,
                            const std::string& version) {
  JudgeAllTold(index, sender.process);
  stories_[index].recorded[sender.process] = {version, TransitionsOf(before, after), false};
}

void Invariants::NoteAcknowledged(const std::string& process, const std::string& migration, const std::string& version) {
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    if (parts_.scenario.migrations[i].name != migration) continue;
    const auto recorded = stories_[i].recorded.find(process);
    if (recorded != stories_[i].recorded.end() && recorded->second.version == version) recorded->second.acknowledged = true;
  }
}

void Invariants::NoteTold(const std::string& process, const std::string& migration, const std::string& reason, const std::string& note) {
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    if (parts_.scenario.migrations[i].name != migration) continue;
    const Transition told{ComponentOf(note), reason};
    auto& recorded = stories_[i].recorded[process];
    const auto fitting = std::ranges::find_if(recorded.open, [&](const Transition& one) { return Fits(told, one); });
    const bool known = recorded.acknowledged && fitting != recorded.open.end();
    if (known) recorded.open.erase(fitting);
    if (!IsTransition(reason)) continue;
    parts_.checker.Require(known, parts_.loop.now(), invariant::kTold, [&] {
      return fmt::format("{} tells {} \"{}\" of {}, which is not what it recorded last", process, reason, note, migration);
    });
  }
}

void Invariants::JudgeAllTold(std::size_t index, const std::string& process) {
  const auto recorded = stories_[index].recorded.find(process);
  if (recorded == stories_[index].recorded.end() || !recorded->second.acknowledged || recorded->second.open.empty()) return;
  const Transition& first = recorded->second.open.front();
  parts_.checker.Violate(parts_.loop.now(), invariant::kTold,
                         fmt::format("{} recorded {} of {}/{} and told nobody", process, first.reason.empty() ? "a rollback" : first.reason,
                                     parts_.scenario.migrations[index].name, first.component));
}

}  // namespace softmig::simulator
