#pragma once

#include <memory>

#include "base/clock.hpp"
#include "reconcile/source_factory.hpp"

namespace softmig::reconcile {

/// The sources of the API: reads the Secrets they name, in the migration's namespace, and puts them on requests. What was made stays the
/// same (and so do connections) until a Secret changes. A Secret that is no good is soon read again.
class SecretSources final : public MetricSources {
 public:
  /// `clock` must outlive it.
  SecretSources(SecretReader secrets, const base::Clock& clock);
  void Open(const Asker& asker, const model::MetricSpec& metric, Done done) override;
  void Refused(const Asker& asker, const model::MetricSpec& metric) override;

 private:
  class Made;
  SecretReader secrets_;
  std::shared_ptr<Made> made_;  // callbacks of the transport hold it
};

}  // namespace softmig::reconcile
