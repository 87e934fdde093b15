#include "simulate/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/numbers.hpp"
#include "base/time_format.hpp"
#include "model/safe_text.hpp"
#include "view/table.hpp"

namespace softmig::simulate {
namespace {

using nlohmann::json;
using view::Tone;

std::string Whole(double number) { return fmt::format("{:.0f}", std::floor(number)); }
std::string Time(base::Millis time) { return base::FormatDuration(time); }

base::Millis Lasted(const TimelineStep& step, const Timeline& timeline) { return step.until.value_or(timeline.ended) - step.from; }

std::string Outcome(const Timeline& timeline) {
  const std::string phase(model::Name(timeline.status.phase));
  return fmt::format("{}{} after {}", timeline.cut_off ? "still " : "", phase, Time(timeline.ended));
}

Tone ToneOf(const Timeline& timeline) {
  if (timeline.status.phase == model::Phase::kComplete) return Tone::kGood;
  return timeline.status.phase == model::Phase::kRolledBack ? Tone::kBad : Tone::kWaiting;
}

std::string StepsText(const Timeline& timeline, view::Colour colour) {
  if (timeline.steps.empty()) return "  no user was moved\n";
  view::Table table({"COMPONENT", "WEIGHT", "FROM", "LASTED", "HOLD", "REQUESTS-OF-TARGET"});
  for (const TimelineStep& step : timeline.steps) {
    table.Add({{step.component},
               {fmt::format("{} %", step.weight), Tone::kStrong},
               {Time(step.from)},
               {Time(Lasted(step, timeline))},
               {step.weight > 0 ? Time(step.hold) : "-"},
               {Whole(step.requests)}});
  }
  return table.Text(colour, "  ");
}

std::string EventsText(const Timeline& timeline, view::Colour colour) {
  view::Table table({"AT", "REASON", "MESSAGE"});
  for (const TimelineEvent& event : timeline.events) {
    table.Add({{Time(event.at)}, {event.reason, event.warning ? Tone::kBad : Tone::kPlain}, {event.message}});
  }
  return table.Text(colour, "  ");
}

std::string UsersText(const Timeline& timeline) {
  std::string text;
  for (const Harm& harm : timeline.harm) {
    const double more = std::max(0.0, std::floor(harm.bad) - std::floor(harm.on_legacy));
    text += fmt::format("  {} {}: {} of {} requests of the target bad; on legacy {} of them would have been: {:.0f} harmed\n",
                        harm.component, harm.metric, Whole(harm.bad), Whole(harm.requests), Whole(harm.on_legacy), more);
  }
  return text;
}

std::string WaitsText(const Timeline& timeline) {
  std::string text;
  for (const model::ComponentStatus& component : timeline.status.components) {
    if (component.waiting_for.empty()) continue;
    text += fmt::format("  {} waits for {}\n", component.name, component.waiting_for);
    for (const model::MetricStatus& metric : component.metrics) {
      text += fmt::format("    {} {}: {}\n", metric.name, model::Name(metric.verdict), view::Harmless(metric.evidence));
    }
  }
  return text.empty() ? text : "\nAt the end\n" + text;
}

}  // namespace

std::string Describe(const Moment& begin) {
  return fmt::format("{} requests a second, {} % of legacy's bad, {} % of the target's", analysis::Shortest(begin.requests),
                     analysis::Shortest(begin.legacy_bad * 100), analysis::Shortest(begin.target_bad * 100));
}

std::string ToText(const Simulation& simulation, view::Colour colour) {
  const Timeline& timeline = simulation.timeline;
  std::string text = fmt::format("{}  {}\n  assumes {}\n", view::Paint(colour, Tone::kStrong, view::Harmless(simulation.name)),
                                 view::Paint(colour, ToneOf(timeline), Outcome(timeline)), view::Harmless(simulation.assumes));
  text += "  counts are expected numbers, without chance; routes take every weight at once\n\n" + StepsText(timeline, colour);
  if (!timeline.events.empty()) text += "\nWhat the operator tells\n" + EventsText(timeline, colour);
  if (const std::string users = UsersText(timeline); !users.empty()) text += "\nUsers\n" + users;
  return text + WaitsText(timeline);
}

std::string ToJson(const Simulation& simulation) {
  const Timeline& timeline = simulation.timeline;
  const auto safe = [](const std::string& text) { return model::ValidUtf8(text); };
  const auto seconds = [](base::Millis time) { return std::chrono::duration<double>(time).count(); };
  json out{{"name", safe(simulation.name)},
           {"assumes", safe(simulation.assumes)},
           {"phase", model::Name(timeline.status.phase)},
           {"ended", seconds(timeline.ended)},
           {"cutOff", timeline.cut_off},
           {"steps", json::array()},
           {"events", json::array()},
           {"users", json::array()}};
  for (const TimelineStep& step : timeline.steps) {
    out["steps"].push_back({{"component", safe(step.component)},
                            {"weight", step.weight},
                            {"from", seconds(step.from)},
                            {"lasted", seconds(Lasted(step, timeline))},
                            {"hold", seconds(step.hold)},
                            {"requests", std::floor(step.requests)}});
  }
  for (const TimelineEvent& event : timeline.events) {
    out["events"].push_back(
        {{"at", seconds(event.at)}, {"warning", event.warning}, {"reason", event.reason}, {"message", safe(event.message)}});
  }
  for (const Harm& harm : timeline.harm) {
    out["users"].push_back({{"component", safe(harm.component)},
                            {"metric", safe(harm.metric)},
                            {"requests", std::floor(harm.requests)},
                            {"bad", std::floor(harm.bad)},
                            {"badOnLegacy", std::floor(harm.on_legacy)}});
  }
  return out.dump(2);
}

}  // namespace softmig::simulate
