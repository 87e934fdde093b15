#include "reconcile/domain_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "base/mutex.hpp"
#include "decide/reasons.hpp"
#include "model/codec.hpp"

namespace softmig::reconcile {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

using model::ConditionStatus;

const model::Condition* Find(const model::Status& status, std::string_view type) {
  const auto it = std::ranges::find(status.conditions, type, &model::Condition::type);
  return it == status.conditions.end() ? nullptr : &*it;
}

const Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

class DomainMetrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : phase(prometheus::BuildGauge().Name("softmigration_phase").Help("1 for the phase a migration is in").Register(registry)),
        weight(prometheus::BuildGauge().Name("softmigration_weight").Help("Share of users on the target, percent").Register(registry)),
        stalled(prometheus::BuildGauge()
                    .Name("softmigration_stalled")
                    .Help("1 where nothing moves until a person acts; reason as in the condition Stalled")
                    .Register(registry)),
        evidence_missing(prometheus::BuildGauge()
                             .Name("softmigration_evidence_missing")
                             .Help("1 where a metric that must pass gives no evidence")
                             .Register(registry)),
        rollbacks(prometheus::BuildCounter().Name("softmigration_rollbacks_total").Help("Times users were taken back").Register(registry)),
        drift(prometheus::BuildCounter()
                  .Name("softmigration_drift_corrected_total")
                  .Help("Times somebody else changed the weights")
                  .Register(registry)
                  .Add({})),
        queries(prometheus::BuildCounter()
                    .Name("softmigration_metric_queries_total")
                    .Help("Queries sent to metric sources")
                    .Register(registry)
                    .Add({})),
        answers(prometheus::BuildCounter()
                    .Name("softmigration_metric_answers_total")
                    .Help("Answers about metrics by what they said; NoData, NaN and Error are no evidence")
                    .Register(registry)),
        breach_to_zero(prometheus::BuildHistogram()
                           .Name("softmigration_breach_to_weight0_seconds")
                           .Help("From the answer that showed a breach to all routes at weight 0")
                           .Register(registry)
                           .Add({}, kSeconds)) {}

  struct Gauges {
    model::Phase phase{};
    Gauge* phase_gauge = nullptr;
    Gauge* weight_gauge = nullptr;
    std::string stalled_for;         // the reason; empty: it is not stalled
    Gauge* stalled_gauge = nullptr;  // this and the next one exist only while they are 1
    Gauge* evidence_gauge = nullptr;
  };

  void SetStalled(Gauges& of, const prometheus::Labels& labels, const std::string& reason) {
    if (of.stalled_for == reason) return;
    Remove(stalled, of.stalled_gauge);
    of.stalled_for = reason;
    if (reason.empty()) return;
    prometheus::Labels with_reason = labels;
    with_reason["reason"] = reason;
    of.stalled_gauge = &stalled.Add(with_reason);
    of.stalled_gauge->Set(1);
  }

  void SetEvidence(Gauges& of, const prometheus::Labels& labels, bool missing) {
    if (missing == (of.evidence_gauge != nullptr)) return;
    if (!missing) return Remove(evidence_missing, of.evidence_gauge);
    of.evidence_gauge = &evidence_missing.Add(labels);
    of.evidence_gauge->Set(1);
  }

  void Drop(Gauges& dropped) {
    Remove(phase, dropped.phase_gauge);
    Remove(weight, dropped.weight_gauge);
    Remove(stalled, dropped.stalled_gauge);
    Remove(evidence_missing, dropped.evidence_gauge);
  }

  static void Remove(Family<Gauge>& family, Gauge*& gauge) {
    if (gauge != nullptr) family.Remove(gauge);
    gauge = nullptr;
  }

  Family<Gauge>& phase;
  Family<Gauge>& weight;
  Family<Gauge>& stalled;
  Family<Gauge>& evidence_missing;
  Family<Counter>& rollbacks;
  Counter& drift;
  Counter& queries;
  Family<Counter>& answers;
  Histogram& breach_to_zero;
  std::mutex mutex;
  std::unordered_map<kube::ObjectKey, Gauges> gauges SM_GUARDED_BY(mutex);
  std::uint64_t queries_seen SM_GUARDED_BY(mutex) = 0;
};

DomainMetrics::DomainMetrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
DomainMetrics::~DomainMetrics() = default;

void DomainMetrics::SetMigration(const kube::ObjectKey& key, const model::Status& status) {
  const std::scoped_lock lock(impl_->mutex);
  const prometheus::Labels labels{{"namespace", key.ns}, {"name", key.name}};
  Impl::Gauges& gauges = impl_->gauges[key];
  if (gauges.weight_gauge == nullptr) gauges.weight_gauge = &impl_->weight.Add(labels);
  if (gauges.phase_gauge == nullptr || gauges.phase != status.phase) {
    if (gauges.phase_gauge != nullptr) impl_->phase.Remove(gauges.phase_gauge);
    prometheus::Labels with_phase = labels;
    with_phase["phase"] = std::string(model::Name(status.phase));
    gauges.phase = status.phase;
    gauges.phase_gauge = &impl_->phase.Add(with_phase);
    gauges.phase_gauge->Set(1);
  }
  gauges.weight_gauge->Set(status.current_weight);
  const model::Condition* is_stalled = Find(status, "Stalled");
  impl_->SetStalled(gauges, labels, is_stalled != nullptr && is_stalled->status == ConditionStatus::kTrue ? is_stalled->reason : "");
  const model::Condition* healthy = Find(status, "AnalysisHealthy");
  impl_->SetEvidence(gauges, labels, healthy != nullptr && healthy->reason == decide::reason::kMissingEvidence);
}

void DomainMetrics::ForgetMigration(const kube::ObjectKey& key) {
  const std::scoped_lock lock(impl_->mutex);
  const auto it = impl_->gauges.find(key);
  if (it == impl_->gauges.end()) return;
  impl_->Drop(it->second);
  impl_->gauges.erase(it);
}

void DomainMetrics::CountRollback(const std::string& reason) { impl_->rollbacks.Add({{"reason", reason}}).Increment(); }
void DomainMetrics::CountDrift() { impl_->drift.Increment(); }

void DomainMetrics::ObserveBreachToZero(base::Millis duration) {
  impl_->breach_to_zero.Observe(static_cast<double>(duration.count()) / 1000.0);
}

void DomainMetrics::SetQueries(std::uint64_t total) {
  const std::scoped_lock lock(impl_->mutex);
  if (total <= impl_->queries_seen) return;
  impl_->queries.Increment(static_cast<double>(total - impl_->queries_seen));
  impl_->queries_seen = total;
}

void DomainMetrics::SetAnswers(const std::map<model::Verdict, std::uint64_t>& totals) {
  const std::scoped_lock lock(impl_->mutex);
  for (const auto& [verdict, total] : totals) {
    Counter& counter = impl_->answers.Add({{"verdict", std::string(model::Name(verdict))}});
    counter.Increment(std::max(0.0, static_cast<double>(total) - counter.Value()));
  }
}

}  // namespace softmig::reconcile
