#include "agent/serve/tally.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace softmig::agent {
namespace {

using compare::ComponentCounts;
using compare::Reason;
using compare::Verdict;
using nlohmann::json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

constexpr std::size_t kMostDifferences = 256;

std::vector<compare::VerdictCounts::Component> ComponentsOf(const WatchPlan& plan) {
  std::vector<compare::VerdictCounts::Component> components;
  for (const WatchedComponent& component : plan.components) components.push_back({component.name, component.rules->hash()});
  return components;
}

std::vector<std::string> NamesOf(const WatchPlan& plan) {
  std::vector<std::string> names;
  for (const WatchedComponent& component : plan.components) names.push_back(component.name);
  return names;
}

MetricFamily Family(const std::string& name, const std::string& help, prometheus::MetricType type) { return {name, help, type, {}}; }

ClientMetric Sample(std::vector<ClientMetric::Label> labels, double value, prometheus::MetricType type) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (type == prometheus::MetricType::Counter) metric.counter.value = value;
  if (type == prometheus::MetricType::Gauge) metric.gauge.value = value;
  return metric;
}

MetricFamily GaugeOf(const std::string& name, const std::string& help, std::size_t value) {
  MetricFamily family = Family(name, help, prometheus::MetricType::Gauge);
  family.metric.push_back(Sample({}, static_cast<double>(value), family.type));
  return family;
}

MetricFamily EligibleOf(const std::vector<ComponentCounts>& components) {
  MetricFamily family = Family("softmigration_agent_eligible_total", "Requests that are to be compared", prometheus::MetricType::Counter);
  for (const ComponentCounts& counts : components) {
    family.metric.push_back(Sample({{"component", counts.component}}, static_cast<double>(counts.eligible), family.type));
  }
  return family;
}

MetricFamily VerdictsOf(const std::vector<ComponentCounts>& components) {
  MetricFamily family =
      Family("softmigration_agent_verdicts_total", "What became of the requests to be compared", prometheus::MetricType::Counter);
  for (const ComponentCounts& counts : components) {
    for (std::size_t i = 0; i < compare::kVerdicts; ++i) {
      family.metric.push_back(Sample({{"component", counts.component}, {"verdict", std::string(Name(static_cast<Verdict>(i)))}},
                                     static_cast<double>(counts.verdicts[i]), family.type));
    }
  }
  return family;
}

MetricFamily ReasonsOf(const std::vector<ComponentCounts>& components) {
  MetricFamily family = Family("softmigration_agent_not_compared_total", "Why dropped and uncomparable requests were not compared",
                               prometheus::MetricType::Counter);
  for (const ComponentCounts& counts : components) {
    for (std::size_t i = 1; i < compare::kReasons; ++i) {  // 0 is kNone
      family.metric.push_back(Sample({{"component", counts.component}, {"reason", std::string(Name(static_cast<Reason>(i)))}},
                                     static_cast<double>(counts.reasons[i]), family.type));
    }
  }
  return family;
}

MetricFamily StreamsOf(const StreamCounts& streams) {
  MetricFamily family = Family("softmigration_agent_streams_total", "Streams of Envoy's that began, were refused, or were skipped and why",
                               prometheus::MetricType::Counter);
  const auto add = [&](const std::string& what, std::uint64_t count) {
    family.metric.push_back(Sample({{"what", what}}, static_cast<double>(count), family.type));
  };
  add("opened", streams.opened);
  add("refused", streams.refused);
  for (std::size_t i = 0; i < kSkips; ++i) add("skipped-" + std::string(Name(static_cast<Skip>(i))), streams.skipped[i]);
  return family;
}

}  // namespace

Tally::Tally(const std::string& epoch, const WatchPlan& plan, compare::ValueDigest digest, const base::Clock& clock)
    : epoch_(epoch),
      names_(NamesOf(plan)),
      clock_(clock),
      verdicts_(epoch, ComponentsOf(plan)),
      differences_(std::move(digest), kMostDifferences) {}

void Tally::CountOpened() {
  const std::lock_guard lock(mutex_);
  ++streams_.opened;
}

void Tally::CountRefused() {
  const std::lock_guard lock(mutex_);
  ++streams_.refused;
}

void Tally::CountSkipped(Skip skip) {
  const std::lock_guard lock(mutex_);
  ++streams_.skipped.at(static_cast<std::size_t>(skip));
}

void Tally::CountEligible(std::size_t component) {
  const std::lock_guard lock(mutex_);
  verdicts_.AddEligible(component);
}

void Tally::CountDropped(std::size_t component, Reason reason) {
  const std::lock_guard lock(mutex_);
  verdicts_.Add(component, Verdict::kDropped, reason);
}

void Tally::CountFellBack(std::size_t component) {
  const std::lock_guard lock(mutex_);
  verdicts_.Add(component, Verdict::kTargetError, Reason::kNone);
}

void Tally::CountVerdict(std::size_t component, const compare::Outcome& outcome) {
  const base::WallTime now = clock_.WallNow();
  const std::lock_guard lock(mutex_);
  verdicts_.Add(component, outcome.verdict, outcome.reason);
  if (!outcome.fields.empty()) differences_.Add(names_.at(component), outcome, now);
}

json Tally::CountsJson() const {
  const std::lock_guard lock(mutex_);
  json counts = verdicts_.ToJson();
  json skipped = json::object();
  for (std::size_t i = 0; i < kSkips; ++i) skipped[std::string(Name(static_cast<Skip>(i)))] = streams_.skipped[i];
  counts["streams"] = {{"opened", streams_.opened}, {"refused", streams_.refused}, {"skipped", std::move(skipped)}};
  return counts;
}

json Tally::DifferencesJson() const {
  const std::lock_guard lock(mutex_);
  json differences = differences_.ToJson();
  differences["epoch"] = epoch_;
  return differences;
}

std::string Tally::Metrics(std::size_t held, std::size_t open) const {
  std::vector<MetricFamily> families{GaugeOf("softmigration_agent_held_bytes", "Memory of all copies under way", held),
                                     GaugeOf("softmigration_agent_open_streams", "Streams of Envoy's that are open", open)};
  {
    const std::lock_guard lock(mutex_);
    families.push_back(EligibleOf(verdicts_.components()));
    families.push_back(VerdictsOf(verdicts_.components()));
    families.push_back(ReasonsOf(verdicts_.components()));
    families.push_back(StreamsOf(streams_));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace softmig::agent
