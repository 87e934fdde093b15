#include "scenario/transcript.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.hpp"

namespace softmig::scenario {
namespace {

std::string Targets(const std::vector<decide::ComponentTarget>& components) {
  std::string text;
  for (const auto& component : components) {
    const bool all_bridge = component.bridge == model::BridgeUse::kAll;
    text += fmt::format(" {}={}{}", component.component, all_bridge ? "bridge" : std::to_string(component.weight.value()),
                        component.flags ? "+flags" : "");
  }
  return text;
}

std::string Describe(const decide::Action& action) {
  struct Visitor {
    std::string operator()(const decide::AddFinalizer&) const { return "add finalizer"; }
    std::string operator()(const decide::RemoveFinalizer&) const { return "remove finalizer"; }
    std::string operator()(const decide::ApplyTraffic& apply) const { return "write " + apply.route + Targets(apply.components); }
    std::string operator()(const decide::RestoreRoute& restore) const { return "restore " + restore.route; }
    std::string operator()(const decide::CreateRoute& create) const { return "create " + create.route + Targets(create.components); }
    std::string operator()(const decide::ApplyTemplate& apply) const {
      return "write template to " + apply.route + Targets(apply.components);
    }
  };
  return std::visit(Visitor{}, action);
}

const char* Name(model::ConditionStatus status) {
  return status == model::ConditionStatus::kTrue ? "True" : status == model::ConditionStatus::kFalse ? "False" : "Unknown";
}

std::string Short(const model::Status& status) {
  std::string text;
  for (const model::Condition& condition : status.conditions) {
    if (condition.type != "Ready" && condition.type != "Reconciling" && condition.type != "Stalled") continue;
    text += fmt::format(" {}={}", condition.type, Name(condition.status));
    if (condition.type == "Ready") text += "/" + condition.reason;
  }
  return text;
}

/// Without the numbers of counts that are judged by evidence: they are written along, and once a minute by themselves.
model::Status WithoutNumbers(const model::Spec& spec, model::Status status) {
  status.checkpoint = {};
  for (model::ComponentStatus& component : status.components) {
    for (model::MetricStatus& metric : component.metrics) {
      const auto of = std::ranges::find(spec.metrics, metric.name, &model::MetricSpec::name);
      if (of != spec.metrics.end() && model::UsesEvidence(*of)) metric = {metric.name, metric.verdict, {}, {}, {}, metric.since, {}};
    }
  }
  return status;
}

std::string DescribeRecord(const model::Status& before, const decide::Decision& decision) {
  const model::Status& next = decision.next;
  std::string text =
      fmt::format("record {} weight {} {}\n", model::Name(next.phase), next.current_weight, next.routes.empty() ? "" : "adopted");
  for (const model::ComponentStatus& component : next.components) {
    text += fmt::format("  {}: {} {} %{}{}{}\n", component.name, model::Name(component.phase), component.weight.value(),
                        component.entered ? ", entered" : "", component.since ? ", reached" : "",
                        component.waiting_for.empty() ? "" : "; waits for " + component.waiting_for);
  }
  for (const decide::Note& note : decision.notes)
    text += fmt::format("  {} {}: {}\n", note.warning ? "Warning" : "Normal", note.reason, note.message);
  if (Short(before) != Short(next)) text += " " + Short(next) + "\n";
  return text;
}

}  // namespace

std::string DescribePass(const World& before, const decide::Decision& decision, WallTime start) {
  const std::string at = base::FormatDuration(before.now - start);
  const std::string lane = decision.urgency == decide::Urgency::kSafety ? " (safety)" : "";
  std::string text;
  for (const decide::Action& action : decision.actions) text += fmt::format("{}{} {}\n", at, lane, Describe(action));
  if (WithoutNumbers(before.spec, decision.next) != WithoutNumbers(before.spec, before.status))
    text += at + lane + " " + DescribeRecord(before.status, decision);
  return text;
}

std::string DescribeConditions(const model::Status& status) {
  std::string text;
  for (const model::Condition& condition : status.conditions) {
    text += fmt::format("{}={} {}{}\n", condition.type, Name(condition.status), condition.reason,
                        condition.message.empty() ? "" : ": " + condition.message);
  }
  return text;
}

std::string DescribeWorld(const World& world) {
  std::string text = fmt::format("finalizer {}\n", world.finalizer ? "present" : "absent");
  for (const auto& [name, route] : world.routes) {
    text += fmt::format("route {}{}:", name, route.exists ? "" : " (gone)");
    for (const auto& [component, weight] : route.weights) {
      text += fmt::format(" {}={}{}", component, weight, route.flags.contains(component) ? "+flags" : "");
    }
    text += "\n";
  }
  return text;
}

}  // namespace softmig::scenario
