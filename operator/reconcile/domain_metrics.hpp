#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "kube/core/object.hpp"
#include "model/status.hpp"

namespace prometheus {
class Registry;
}

namespace softmig::reconcile {

/// The operator's own metrics: softmigration_phase{namespace,name,phase}, softmigration_weight{namespace,name},
/// softmigration_stalled{namespace,name,reason}, softmigration_evidence_missing{namespace,name}, softmigration_rollbacks_total{reason},
/// softmigration_breach_to_weight0_seconds, softmigration_drift_corrected_total, softmigration_metric_queries_total,
/// softmigration_metric_answers_total{verdict}. Thread-safe. `registry` must outlive it.
class DomainMetrics {
 public:
  explicit DomainMetrics(prometheus::Registry& registry);
  ~DomainMetrics();

  void SetMigration(const kube::ObjectKey& key, const model::Status& status);
  void ForgetMigration(const kube::ObjectKey& key);
  void CountRollback(const std::string& reason);
  void CountDrift();
  /// From the arrival of the answer that showed the breach to the API server's word that all routes send nobody to the target.
  void ObserveBreachToZero(base::Millis duration);
  void SetQueries(std::uint64_t total);
  /// Totals since the process began; they never fall.
  void SetAnswers(const std::map<model::Verdict, std::uint64_t>& totals);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::reconcile
