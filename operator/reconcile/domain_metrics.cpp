#include "reconcile/domain_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <mutex>
#include <unordered_map>

#include "base/mutex.hpp"
#include "model/codec.hpp"

namespace softmig::reconcile {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

class DomainMetrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : phase_(prometheus::BuildGauge().Name("softmigration_phase").Help("1 for the phase a migration is in").Register(registry)),
        weight_(prometheus::BuildGauge().Name("softmigration_weight").Help("Share of users on the target, percent").Register(registry)),
        rollbacks_(prometheus::BuildCounter().Name("softmigration_rollbacks_total").Help("Times users were taken back").Register(registry)),
        drift_(prometheus::BuildCounter()
                   .Name("softmigration_drift_corrected_total")
                   .Help("Times somebody else changed the weights")
                   .Register(registry)
                   .Add({})),
        queries_(prometheus::BuildCounter()
                     .Name("softmigration_metric_queries_total")
                     .Help("Queries sent to metric sources")
                     .Register(registry)
                     .Add({})),
        breach_to_zero_(prometheus::BuildHistogram()
                            .Name("softmigration_breach_to_weight0_seconds")
                            .Help("From the answer that showed a breach to all routes at weight 0")
                            .Register(registry)
                            .Add({}, kSeconds)) {}

  struct Gauges {
    model::Phase phase{};
    Gauge* phase_gauge = nullptr;
    Gauge* weight_gauge = nullptr;
  };

  void Drop(const Gauges& gauges) {
    phase_.Remove(gauges.phase_gauge);
    weight_.Remove(gauges.weight_gauge);
  }

  Family<Gauge>& phase_;
  Family<Gauge>& weight_;
  Family<Counter>& rollbacks_;
  Counter& drift_;
  Counter& queries_;
  Histogram& breach_to_zero_;
  std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, Gauges> gauges_ SM_GUARDED_BY(mutex_);
  std::uint64_t queries_seen_ SM_GUARDED_BY(mutex_) = 0;
};

DomainMetrics::DomainMetrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
DomainMetrics::~DomainMetrics() = default;

void DomainMetrics::SetMigration(const kube::ObjectKey& key, const model::Status& status) {
  const std::scoped_lock lock(impl_->mutex_);
  const prometheus::Labels labels{{"namespace", key.ns}, {"name", key.name}};
  Impl::Gauges& gauges = impl_->gauges_[key];
  if (gauges.weight_gauge == nullptr) gauges.weight_gauge = &impl_->weight_.Add(labels);
  if (gauges.phase_gauge == nullptr || gauges.phase != status.phase) {
    if (gauges.phase_gauge != nullptr) impl_->phase_.Remove(gauges.phase_gauge);
    prometheus::Labels with_phase = labels;
    with_phase["phase"] = std::string(model::Name(status.phase));
    gauges.phase = status.phase;
    gauges.phase_gauge = &impl_->phase_.Add(with_phase);
    gauges.phase_gauge->Set(1);
  }
  gauges.weight_gauge->Set(status.current_weight);
}

void DomainMetrics::ForgetMigration(const kube::ObjectKey& key) {
  const std::scoped_lock lock(impl_->mutex_);
  const auto it = impl_->gauges_.find(key);
  if (it == impl_->gauges_.end()) return;
  impl_->Drop(it->second);
  impl_->gauges_.erase(it);
}

void DomainMetrics::CountRollback(const std::string& reason) { impl_->rollbacks_.Add({{"reason", reason}}).Increment(); }
void DomainMetrics::CountDrift() { impl_->drift_.Increment(); }

void DomainMetrics::ObserveBreachToZero(base::Millis duration) {
  impl_->breach_to_zero_.Observe(static_cast<double>(duration.count()) / 1000.0);
}

void DomainMetrics::SetQueries(std::uint64_t total) {
  const std::scoped_lock lock(impl_->mutex_);
  if (total <= impl_->queries_seen_) return;
  impl_->queries_.Increment(static_cast<double>(total - impl_->queries_seen_));
  impl_->queries_seen_ = total;
}

}  // namespace softmig::reconcile
