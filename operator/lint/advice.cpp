#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/admission.hpp"
#include "analysis/counts_judge.hpp"
#include "analysis/numbers.hpp"
#include "base/time_format.hpp"
#include "lint/check.hpp"
#include "model/kind_traits.hpp"
#include "model/text_rules.hpp"
#include "providers/counter_query.hpp"
#include "routers/router_set.hpp"

namespace softmig::lint {
namespace {

using model::BreachPolicy;
using model::MetricSpec;
using model::Step;

constexpr double kLoose = 0.1;

/// Of all users' requests, those that such a step counts. A bridge compares them whoever answers.
double ShareOf(const model::Spec& spec, const MetricSpec& metric, const Step& step) {
  return model::IsOfBridge(metric) ? model::ComparedShare(spec) : step.weight.value() / 100.0;
}

double Seconds(base::Millis duration) { return std::chrono::duration<double>(duration).count(); }

std::string RoughTime(double seconds) {
  constexpr double kMost = 1e8;
  if (seconds > kMost) return "years";
  return base::FormatDuration(base::Millis(static_cast<std::int64_t>(std::ceil(seconds)) * 1000));
}

class Advisor {
 public:
  Advisor(const model::Spec& spec, const Traffic& traffic) : spec_(spec), traffic_(traffic) {}

  std::vector<Finding> Take() {
    AdvisePlan();
    AdvisePolicies();
    for (std::size_t i = 0; i < spec_.metrics.size(); ++i) AdviseMetric(i);
    AdviseComponents();
    AdviseRoutes();
    return std::move(findings_);
  }

 private:
  void Say(Rule rule, std::string path, std::string message) { findings_.push_back({rule, std::move(path), std::move(message)}); }
  static std::string StepPath(std::size_t i) { return fmt::format("spec.plan.shift.steps[{}]", i); }
  static std::string MetricPath(std::size_t i) { return fmt::format("spec.analysis.metrics[{}]", i); }

  void AdvisePlan() {
    if (spec_.steps.front().weight == base::Percent::Of(100)) {
      Say(Rule::kAllAtOnce, StepPath(0) + ".weight", "the first step moves all users at once; what is wrong shows on all of them");
    }
    if (spec_.desired_phase == model::DesiredPhase::kPending)
      Say(Rule::kNothingMoves, "spec.desiredPhase", "with Pending the operator moves nobody");
    if (spec_.paused) Say(Rule::kNothingMoves, "spec.paused", "while paused the operator moves nobody further");
    for (std::size_t i = 0; i < spec_.steps.size() && spec_.delay > base::Millis(0); ++i) {
      if (spec_.steps[i].hold >= spec_.delay) continue;
      Say(Rule::kLateData, StepPath(i),
          fmt::format("counts are {} late (analysis.delay), the hold is {}: the step lasts longer", base::FormatDuration(spec_.delay),
                      base::FormatDuration(spec_.steps[i].hold)));
      break;
    }
  }

  void AdvisePolicies() {
    const model::NoEvidencePolicy& policy = spec_.on_no_evidence;
    const base::Millis patience = model::StaleAfter(spec_) + spec_.delay;
    if (policy.then == BreachPolicy::kRollback && policy.deadline < patience) {
      Say(Rule::kGapRollsBack, "spec.plan.onNoEvidence.deadline",
          fmt::format("a metric that is missing for {} takes all users back; a restart of its source takes longer",
                      base::FormatDuration(policy.deadline)));
    }
    if (policy.then == BreachPolicy::kHold) {
      Say(Rule::kOnlyHolds, "spec.plan.onNoEvidence.then", "with Hold users stay on the target while nobody knows how it is");
    }
    if (spec_.on_breach == BreachPolicy::kHold) {
      Say(Rule::kOnlyHolds, "spec.plan.onBreach", "with Hold users stay on a target that is known to be bad");
    }
    for (const auto& [name, chance] : {std::pair("alpha", spec_.alpha), {"beta", spec_.beta}}) {
      if (chance <= kLoose) continue;
      Say(Rule::kLooseOdds, fmt::format("spec.analysis.{}", name),
          fmt::format("{} % of such decisions may be wrong", analysis::Shortest(chance * 100)));
    }
  }

  void AdviseComponents() {
    for (std::size_t i = 0; i < spec_.components.size(); ++i) {
      const std::string& name = spec_.components[i].name;
      const bool judged = std::ranges::any_of(spec_.metrics, [&](const MetricSpec& metric) { return model::Judges(metric, name); });
      if (judged) continue;
      Say(Rule::kNothingJudged, fmt::format("spec.components[{}]", i), fmt::format("no metric judges {}: it can never advance", name));
    }
    const bool by_evidence = std::ranges::any_of(spec_.metrics, model::UsesEvidence);
    const auto quick = std::ranges::find_if(spec_.steps, [&](const Step& step) { return step.hold < 2 * spec_.interval; });
    if (by_evidence || quick == spec_.steps.end()) return;
    Say(Rule::kHoldTooShort, StepPath(static_cast<std::size_t>(quick - spec_.steps.begin())),
        fmt::format("the source is asked every {}, and no metric is judged by evidence: one answer decides this step",
                    base::FormatDuration(spec_.interval)));
  }

  void AdviseRoutes() {
    const routers::RouterSet routers;
    for (std::size_t i = 0; i < spec_.routes.size(); ++i) {
      const model::RouteRef& route = spec_.routes[i];
      if (!routers.capabilities(route).reports_acceptance) {
        Say(Rule::kAcceptanceUnknown, fmt::format("spec.routes[{}]", i),
            fmt::format("nobody says when {} has been taken over: a step counts as reached once its weight is written",
                        model::TraitsOf(route.kind).a_kind));
      }
      if (route.kind != model::RouteKind::kBridge || route.replicas > 1) continue;
      Say(Rule::kOneReplica, fmt::format("spec.routes[{}].bridge.replicas", i),
          "all users enter at one pod; while it is replaced they find nobody");
    }
  }

  void AdviseMetric(std::size_t i) {
    const MetricSpec& metric = spec_.metrics[i];
    AdviseAccess(metric, MetricPath(i));
    if (!metric.counts) return;
    if (!model::IsOfBridge(metric)) AdviseQueries(*metric.counts, MetricPath(i) + ".prometheus");
    if (model::UsesEvidence(metric)) AdviseEvidence(metric, MetricPath(i));
  }

  void AdviseAccess(const MetricSpec& metric, const std::string& path) {
    const bool secret = !model::SecretsOf(metric).empty();
    if (secret && metric.address.starts_with("http://")) {
      Say(Rule::kCredentialsInClear, path, fmt::format("metric {} sends credentials to {} without TLS", metric.name, metric.address));
    }
    constexpr std::array<std::string_view, 6> kTelling{"authorization", "token", "api-key", "apikey", "secret", "password"};
    for (const model::SourceAccess::Header& header : metric.access.headers) {
      const std::string name = model::LowerAscii(header.name);
      const bool telling = std::ranges::any_of(kTelling, [&](std::string_view part) { return name.find(part) != std::string::npos; });
      if (header.secret || !telling) continue;
      Say(Rule::kCredentialInSpec, path,
          fmt::format("metric {}: the value of header {} can be read by all who read the spec", metric.name, header.name));
    }
  }

  void AdviseQueries(const MetricSpec::Counts& counts, const std::string& path) {
    CheckCounters(counts.target, path);
    if (counts.legacy) CheckCounters(*counts.legacy, path + ".legacy");
    if (counts.legacy && *counts.legacy == counts.target && !NamesService(counts.target)) {
      Say(Rule::kSameQueries, path + ".legacy", "is the same query as the target's: both sides would always look alike");
    }
    const bool zero = counts.target.bad.empty() || counts.target.bad.find("vector(0)") != std::string::npos;
    if (!zero) Say(Rule::kNoZero, path + ".bad", "where it has no series before the first bad request, write \"(...) or vector(0)\"");
  }

  static bool NamesService(const MetricSpec::Counts::Queries& queries) {
    constexpr const char* kService = "{{service}}";
    return queries.histogram.find(kService) != std::string::npos || queries.bad.find(kService) != std::string::npos;
  }

  void CheckCounters(const MetricSpec::Counts::Queries& queries, const std::string& path) {
    for (const auto& [field, query] : {std::pair("bad", queries.bad), {"total", queries.total}, {"histogram", queries.histogram}}) {
      if (const auto why = providers::NotACounter(query)) Say(Rule::kNotACounter, fmt::format("{}.{}", path, field), *why);
    }
  }

  void AdviseEvidence(const MetricSpec& metric, const std::string& path) {
    const auto rule = analysis::RuleFor(spec_, metric, "");
    if (!rule) return Say(Rule::kInvalidField, path, rule.error().message);
    constexpr double kLongKnown = 1e9;  // requests: the share is taken for legacy's true one
    // Comparisons have no legacy of their own, and a target that is as good as legacy has none that differ.
    const analysis::Counts legacy{kLongKnown, model::IsOfBridge(metric) ? 0 : kLongKnown * traffic_.legacy_bad};
    std::vector<double> needed;
    for (const Step& step : spec_.steps) {
      const auto check = analysis::CheckAdmission(*rule, legacy, 1, analysis::LegacyPerTarget(step.weight.value()));
      if (check.legacy_violates) {
        return Say(Rule::kLegacyViolates, path,
                   fmt::format("metric {}: legacy has {} % bad requests, which is more than tolerated: the operator would not begin",
                               metric.name, analysis::Shortest(traffic_.legacy_bad * 100)));
      }
      if (!check.requests_needed) {
        return Say(Rule::kNeverPasses, path,
                   fmt::format("metric {}: a target as good as legacy can never show that it keeps the tolerance", metric.name));
      }
      needed.push_back(*check.requests_needed);
    }
    traffic_.requests_per_second ? CompareHolds(metric, needed) : TellNeeds(metric, path, needed);
  }

  /// With a known traffic: the first step that evidence makes longer.
  void CompareHolds(const MetricSpec& metric, const std::vector<double>& needed) {
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const Step& step = spec_.steps[i];
      const double seconds = needed[i] / (*traffic_.requests_per_second * ShareOf(spec_, metric, step));
      if (seconds <= Seconds(std::max(step.hold, spec_.interval * 10))) continue;
      return Say(Rule::kEvidenceIsSlow, StepPath(i),
                 fmt::format("metric {}: {} % of {} requests a second give enough evidence after about {}, the hold is {}", metric.name,
                             step.weight.value(), analysis::Shortest(*traffic_.requests_per_second), RoughTime(seconds),
                             base::FormatDuration(step.hold)));
    }
  }

  /// Without: the traffic that the most demanding hold asks for.
  void TellNeeds(const MetricSpec& metric, const std::string& path, const std::vector<double>& needed) {
    std::size_t most = 0;
    double traffic = 0;
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const Step& step = spec_.steps[i];
      if (step.hold <= base::Millis(0)) continue;
      const double wanted = needed[i] / Seconds(step.hold) / ShareOf(spec_, metric, step);
      if (wanted <= traffic) continue;
      traffic = wanted;
      most = i;
    }
    if (traffic <= 0) return;
    Say(Rule::kEvidenceNeeds, path,
        fmt::format(
            "metric {}: a step needs about {} requests of a target without errors; within the {} of {} % that takes about {} requests a "
            "second of all users, with fewer the step lasts longer",
            metric.name, analysis::Shortest(needed[most]), base::FormatDuration(spec_.steps[most].hold), spec_.steps[most].weight.value(),
            analysis::Shortest(std::ceil(traffic))));
  }

  const model::Spec& spec_;
  const Traffic& traffic_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Advise(const model::Spec& spec, const Traffic& traffic) { return Advisor(spec, traffic).Take(); }

}  // namespace softmig::lint
