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
constexpr std::array<const char*, kControlEnds> kControlNames{"same", "differed", "lost"};
constexpr std::array<const char*, 2> kSideNames{"legacy", "target"};

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

MetricFamily HiddenOf(const std::vector<ComponentCounts>& components) {
  MetricFamily family =
      Family("softmigration_agent_hidden_total", "Of the verdict differs: nothing but noise, by what legacy was asked twice",
             prometheus::MetricType::Counter);
  for (const ComponentCounts& counts : components) {
    family.metric.push_back(Sample({{"component", counts.component}}, static_cast<double>(counts.hidden), family.type));
  }
  return family;
}

MetricFamily ControlsOf(const std::vector<std::string>& names, const std::vector<std::array<std::uint64_t, kControlEnds>>& controls) {
  MetricFamily family =
      Family("softmigration_agent_controls_total", "What became of requests that legacy was asked twice", prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t end = 0; end < kControlEnds; ++end) {
      const auto count = static_cast<double>(controls[i].at(end));
      family.metric.push_back(Sample({{"component", names[i]}, {"end", kControlNames.at(end)}}, count, family.type));
    }
  }
  return family;
}

MetricFamily BreakersOf(const Gauges& gauges) {
  MetricFamily family = Family("softmigration_agent_breaker_open", "1 while a side keeps failing, so that most repeats are dropped",
                               prometheus::MetricType::Gauge);
  for (std::size_t i = 0; i < kSideNames.size(); ++i) {
    family.metric.push_back(Sample({{"side", kSideNames.at(i)}}, gauges.breakers.at(i) ? 1 : 0, family.type));
  }
  return family;
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
      differences_(std::move(digest), kMostDifferences),
      controls_(names_.size()),
      noise_(names_.size()) {}

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

void Tally::CountUnasked(const CapturedExchange& exchange, Reason reason) {
  if (exchange.is_control) return CountControl(exchange.component, ControlEnd::kLost);
  const std::lock_guard lock(mutex_);
  verdicts_.Add(exchange.component, Verdict::kDropped, reason);
  if (AskedSide(exchange) == compare::Side::kTarget && reason == Reason::kBreakerOpen) verdicts_.AddTargetUnasked(exchange.component);
}

void Tally::CountFellBack(std::size_t component) {
  const std::lock_guard lock(mutex_);
  verdicts_.Add(component, Verdict::kTargetError, Reason::kNone);
}

void Tally::CountVerdict(std::size_t component, const compare::Outcome& outcome, bool is_noise) {
  const base::WallTime now = clock_.WallNow();
  const std::lock_guard lock(mutex_);
  verdicts_.Add(component, outcome.verdict, outcome.reason);
  if (is_noise) verdicts_.AddHidden(component);
  if (!outcome.fields.empty()) differences_.Add(names_.at(component), outcome, now);
}

void Tally::CountControl(std::size_t component, ControlEnd end) {
  const std::lock_guard lock(mutex_);
  ++controls_.at(component).at(static_cast<std::size_t>(end));
}

void Tally::TakeNoise(std::size_t component, std::vector<compare::FieldNoise> fields) {
  const std::lock_guard lock(mutex_);
  noise_.at(component) = std::move(fields);
}

json Tally::CountsJson() const {
  const std::lock_guard lock(mutex_);
  json counts = verdicts_.ToJson();
  json skipped = json::object();
  for (std::size_t i = 0; i < kSkips; ++i) skipped[std::string(Name(static_cast<Skip>(i)))] = streams_.skipped[i];
  for (std::size_t i = 0; i < names_.size(); ++i) {
    for (std::size_t end = 0; end < kControlEnds; ++end) counts["components"][i]["controls"][kControlNames.at(end)] = controls_[i].at(end);
  }
  counts["streams"] = {{"opened", streams_.opened}, {"refused", streams_.refused}, {"skipped", std::move(skipped)}};
  return counts;
}

json Tally::DifferencesJson() const {
  const std::lock_guard lock(mutex_);
  json differences = differences_.ToJson();
  differences["epoch"] = epoch_;
  json noise = json::array();
  for (std::size_t i = 0; i < names_.size(); ++i) noise.push_back({{"component", names_[i]}, {"fields", compare::NoiseJson(noise_[i])}});
  differences["noise"] = std::move(noise);
  return differences;
}

std::string Tally::Metrics(const Gauges& gauges) const {
  std::vector<MetricFamily> families{
      GaugeOf("softmigration_agent_held_bytes", "Memory of all copies under way", gauges.held),
      GaugeOf("softmigration_agent_open_streams", "Streams of Envoy's that are open", gauges.open),
      GaugeOf("softmigration_agent_sampling_percent", "Safe requests that are copied", static_cast<std::size_t>(gauges.sampling)),
      BreakersOf(gauges)};
  {
    const std::lock_guard lock(mutex_);
    families.push_back(EligibleOf(verdicts_.components()));
    families.push_back(VerdictsOf(verdicts_.components()));
    families.push_back(ReasonsOf(verdicts_.components()));
    families.push_back(HiddenOf(verdicts_.components()));
    families.push_back(ControlsOf(names_, controls_));
    families.push_back(StreamsOf(streams_));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace softmig::agent
