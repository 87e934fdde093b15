#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "view/migration.hpp"
#include "view/paint.hpp"

namespace softmig::view {

enum class Width { kUsual, kWide };
enum class Scope { kOneNamespace, kAllNamespaces };

/// One line a migration, sorted by namespace and name.
std::string ListPage(std::vector<Migration> migrations, base::WallTime now, Scope scope, Width width, Colour colour);

/// Everything about one migration: components, metrics with their evidence, conditions that ask for somebody, the last rollback.
std::string GetPage(const Migration& migration, base::WallTime now, Colour colour);

/// One line an Event, the oldest first.
std::string EventsPage(std::vector<EventLine> events, base::WallTime now, Colour colour);

/// One line for a log: "2026-11-23T06:00:00Z Shift 10 % waits for ...".
std::string OneLine(const Migration& migration, base::WallTime now);

/// "12s", "5m", "3h12m", "4d3h": as near as people want it.
std::string RoughDuration(base::Millis duration);
/// "5m ago" or "in 5m".
std::string Relative(base::WallTime at, base::WallTime now);
/// "12:03:10Z" on the same day, with the date otherwise.
std::string Clock(base::WallTime at, base::WallTime now);
Tone ToneOf(model::Phase phase);
/// "waits" of the first component that waits for something, with its name where there are several.
std::string WaitingFor(const Migration& migration);

}  // namespace softmig::view
