#pragma once

#include <memory>

#include "base/clock.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/runtime/leader_elector.hpp"
#include "reconcile/metric_sources.hpp"

namespace softmig::reconcile {

/// Metrics that are Jobs: sees to it that each has its Job, and has them read by providers::JobProvider. All other metrics are passed on.
///
/// Nothing needs to be remembered: a turn's Job has the turn's name, so a second try is a conflict, and a Job that is still under way is
/// found by its label, whoever made it. Jobs belong to the migration and end by a deadline and a time to live of their own; nothing is
/// ever deleted here, and the operator has no right to.
class JobSources final : public MetricSources {
 public:
  struct Parts {
    kube::RestClient& client;
    const kube::Fence& fence;  ///< only a leader makes Jobs
    const base::Clock& clock;
  };
  /// `others` and all of `parts` must outlive it. Answers that are still to come when it ends are dropped with their `done`.
  JobSources(MetricSources& others, const Parts& parts);
  void Open(const Asker& asker, const model::MetricSpec& metric, Done done) override;
  void Refused(const Asker& asker, const model::MetricSpec& metric) override;

 private:
  class Impl;
  MetricSources& others_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace softmig::reconcile
