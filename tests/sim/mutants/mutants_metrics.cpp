// Mistakes with evidence.
#include <nlohmann/json.hpp>

#include "sim/core/routes.hpp"
#include "sim/mutants/mutants.hpp"

namespace softmig::simulator {
namespace {

using model::Reading;
using providers::MetricProvider;
using reconcile::Cache;

/// Reads what the plain provider reads, then `change`s it.
class ProviderMutant final : public MetricProvider {
 public:
  using Change = std::function<Reading(Reading)>;
  ProviderMutant(const MetricProvider& plain, Change change) : plain_(plain), change_(std::move(change)) {}
  [[nodiscard]] base::Result<http::Request> Request(const providers::Query& query) const override { return plain_.Request(query); }
  [[nodiscard]] Reading Parse(const http::Response& response) const override { return change_(plain_.Parse(response)); }

 private:
  const MetricProvider& plain_;
  const Change change_;
};

Tweaks Taking(Reading::Kind kind) {
  Tweaks tweaks;
  tweaks.provider = [kind](const MetricProvider& plain, const Cache&) {
    return std::make_unique<ProviderMutant>(
        plain, [kind](Reading reading) { return reading.kind == kind ? Reading{Reading::Kind::kNumber, 0, ""} : reading; });
  };
  return tweaks;
}

/// Flagger's and Argo's: while the router has a problem, the metrics are not looked at.
Tweaks RouterFirst() {
  Tweaks tweaks;
  tweaks.provider = [](const MetricProvider& plain, const Cache& cache) {
    return std::make_unique<ProviderMutant>(plain, [&cache](Reading reading) {
      for (const kube::ObjectKey& key : cache.StoreOf(model::RouteKind::kHttpRoute).Keys()) {
        const auto route = cache.StoreOf(model::RouteKind::kHttpRoute).Get(key);
        if (route && !IsAccepted(route->object)) return Reading{Reading::Kind::kNumber, 0, ""};
      }
      return reading;
    });
  };
  return tweaks;
}

/// Ahead by an hour: whatever it stamps is always new enough.
class AheadClock final : public base::Clock {
 public:
  explicit AheadClock(const base::Clock& clock) : clock_(clock) {}
  [[nodiscard]] base::WallTime WallNow() const override { return clock_.WallNow() + std::chrono::hours(1); }
  [[nodiscard]] base::SteadyTime SteadyNow() const override { return clock_.SteadyNow(); }

 private:
  const base::Clock& clock_;
};

Tweaks EvidenceFromTheFuture() {
  Tweaks tweaks;
  tweaks.poller_clock = [](const base::Clock& clock) { return std::make_unique<AheadClock>(clock); };
  return tweaks;
}

void MetricFault(RunOptions& options, MetricMode mode) {
  Scenario scenario = SmallScenario(1);
  scenario.seed = options.seed;
  scenario.migrations[0].metrics = {{"latency", false}};
  scenario.migrations[0].steps = {{20, 4}, {60, 2}, {100, 0}};
  options.scenario = scenario;
  options.plan = FaultPlan{{FaultKind::kMetricFault, seconds(6), seconds(40), 0, static_cast<int>(mode), 0}};
}

}  // namespace

void AddMetricMutants(std::vector<Mutant>& mutants) {
  mutants.push_back({"nan-passes", "NaN is taken for 0", Taking(Reading::Kind::kNaN),
                     [](RunOptions& options) { MetricFault(options, MetricMode::kNaN); }});
  mutants.push_back({"no-data-passes", "an empty answer is taken for 0", Taking(Reading::Kind::kNoData),
                     [](RunOptions& options) { MetricFault(options, MetricMode::kEmpty); }});
  mutants.push_back({"errors-pass", "an answer that makes no sense is taken for 0", Taking(Reading::Kind::kError),
                     [](RunOptions& options) { MetricFault(options, MetricMode::kMany); }});
  mutants.push_back(
      {"router-before-metrics", "metrics are not judged while a route is not accepted", RouterFirst(), [](RunOptions& options) {
         Scenario scenario = SmallScenario(1);
         scenario.migrations[0].steps = {{20, 20}, {100, 0}};
         options.scenario = scenario;
         options.plan = FaultPlan{{FaultKind::kGateway, seconds(8), seconds(60), 0, static_cast<int>(GatewayMode::kNever), 0},
                                  {FaultKind::kRouteRule, seconds(9), Time(0), 0, 0, 0},
                                  {FaultKind::kBreach, seconds(12), Time(0), 0, 0, 0}};
       }});
  mutants.push_back({"evidence-from-the-future", "answers are stamped by a clock that is an hour ahead", EvidenceFromTheFuture(), {}});
}

}  // namespace softmig::simulator
