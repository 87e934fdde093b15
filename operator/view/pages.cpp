#include "view/pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.hpp"
#include "view/table.hpp"

namespace softmig::view {
namespace {

using model::Phase;

std::string ReadyOf(const Migration& migration) {
  const model::Condition* ready = FindCondition(migration.status, "Ready");
  if (ready == nullptr) return "Unknown";
  return ready->status == model::ConditionStatus::kTrue ? "True" : ready->status == model::ConditionStatus::kFalse ? "False" : "Unknown";
}

std::string StepsOf(const Migration& migration) {
  std::string text;
  for (const model::ComponentStatus& component : migration.status.components) {
    text += fmt::format("{}{}/{}", text.empty() ? "" : ",", component.step + 1, migration.parsed.spec.steps.size());
  }
  return text.empty() ? "-" : text;
}

std::vector<Cell> ListRow(const Migration& migration, base::WallTime now, Scope scope, Width width) {
  std::vector<Cell> row;
  if (scope == Scope::kAllNamespaces) row.push_back({migration.ns});
  row.push_back({migration.name, Tone::kStrong});
  const Phase phase = migration.status.phase;
  row.push_back(migration.seen ? Cell{std::string(model::Name(phase)), ToneOf(phase)} : Cell{"-", Tone::kFaint});
  row.push_back({migration.seen ? fmt::format("{} %", migration.status.current_weight) : "-"});
  row.push_back({ReadyOf(migration)});
  if (width == Width::kWide) {
    const model::Condition* ready = FindCondition(migration.status, "Ready");
    row.push_back({StepsOf(migration)});
    row.push_back({ready == nullptr ? "-" : ready->reason});
    row.push_back({migration.status.last_rollback ? migration.status.last_rollback->reason : "-"});
  }
  row.push_back({migration.created ? RoughDuration(now - *migration.created) : "-"});
  row.push_back({migration.seen ? WaitingFor(migration) : "an operator to take note of it"});
  return row;
}

}  // namespace

std::string RoughDuration(base::Millis duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds <= 0) return "0s";
  const auto unit = [](std::int64_t big, const char* name, std::int64_t small, const char* second) {
    return small == 0 ? fmt::format("{}{}", big, name) : fmt::format("{}{}{}{}", big, name, small, second);
  };
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 600) return unit(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86'400) return unit(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return unit(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

std::string Relative(base::WallTime at, base::WallTime now) {
  return at > now ? "in " + RoughDuration(at - now + base::Millis(999)) : RoughDuration(now - at) + " ago";
}

std::string Clock(base::WallTime at, base::WallTime now) {
  const std::string full = base::FormatRfc3339(base::WallTime(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch())));
  const std::string today = base::FormatRfc3339(now).substr(0, 10);
  return full.starts_with(today) ? full.substr(11) : full;
}

Tone ToneOf(Phase phase) {
  switch (phase) {
    case Phase::kComplete: return Tone::kGood;
    case Phase::kRollingBack:
    case Phase::kRolledBack:
    case Phase::kInvalid: return Tone::kBad;
    case Phase::kPaused:
    case Phase::kPending: return Tone::kWaiting;
    case Phase::kShift: return Tone::kStrong;
  }
  return Tone::kPlain;
}

std::string WaitingFor(const Migration& migration) {
  const model::Condition* stalled = FindCondition(migration.status, "Stalled");
  if (stalled != nullptr && stalled->status == model::ConditionStatus::kTrue && !stalled->message.empty()) return stalled->message;
  for (const model::ComponentStatus& component : migration.status.components) {
    if (component.waiting_for.empty()) continue;
    return migration.status.components.size() == 1 ? component.waiting_for : component.name + ": " + component.waiting_for;
  }
  return "-";
}

std::string ListPage(std::vector<Migration> migrations, base::WallTime now, Scope scope, Width width, Colour colour) {
  std::ranges::sort(migrations, {}, [](const Migration& m) { return std::pair(m.ns, m.name); });
  std::vector<std::string> header;
  if (scope == Scope::kAllNamespaces) header.emplace_back("NAMESPACE");
  for (const char* column : {"NAME", "PHASE", "WEIGHT", "READY"}) header.emplace_back(column);
  if (width == Width::kWide) header.insert(header.end(), {"STEP", "REASON", "LAST-ROLLBACK"});
  header.insert(header.end(), {"AGE", "WAITING-FOR"});
  Table table(std::move(header));
  for (const Migration& migration : migrations) table.Add(ListRow(migration, now, scope, width));
  return table.Text(colour);
}

std::string EventsPage(std::vector<EventLine> events, base::WallTime now, Colour colour) {
  std::ranges::stable_sort(events, {}, &EventLine::at);
  Table table({"LAST SEEN", "TYPE", "REASON", "TIMES", "MESSAGE"});
  for (const EventLine& event : events) {
    table.Add({{Relative(event.at, now)},
               {event.warning ? "Warning" : "Normal", event.warning ? Tone::kBad : Tone::kPlain},
               {event.reason},
               {fmt::format("{}", event.count)},
               {event.note}});
  }
  return table.Text(colour);
}

std::string OneLine(const Migration& migration, base::WallTime now) {
  const std::string at = base::FormatRfc3339(base::WallTime(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch())));
  if (!migration.seen) return at + " not seen by an operator yet";
  const std::string waits = WaitingFor(migration);
  return fmt::format("{} {} {} %{}", at, model::Name(migration.status.phase), migration.status.current_weight,
                     waits == "-" ? "" : "; waits for " + Harmless(waits));
}

}  // namespace softmig::view
