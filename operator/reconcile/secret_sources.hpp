#pragma once

#include <memory>

#include "base/clock.hpp"
#include "reconcile/metric_sources.hpp"
#include "reconcile/secret_reader.hpp"

namespace softmig::reconcile {

/// The Secrets of one metric, by name.
using SecretContents = std::map<std::string, SecretReader::Content>;

/// The credentials that a metric's source wants, from its Secrets. kInvalid, in one sentence that quotes no value, where a Secret has no
/// such key or may not be sent anywhere. Pure.
base::Result<providers::Credentials> CredentialsFor(const model::MetricSpec& metric, const SecretContents& secrets);

/// The sources of the API: reads the Secrets they name, in the migration's namespace, and puts them on requests. What was made stays the
/// same (and so do connections) until a Secret changes. A Secret that is no good is soon read again.
class SecretSources final : public MetricSources {
 public:
  /// `provider` and `clock` must outlive it.
  SecretSources(SecretReader secrets, const providers::MetricProvider& provider, const base::Clock& clock);
  void Open(const std::string& ns, const model::MetricSpec& metric, Done done) override;
  void Refused(const std::string& ns, const model::MetricSpec& metric) override;

 private:
  class Made;
  SecretReader secrets_;
  std::shared_ptr<Made> made_;  // callbacks of the transport hold it
};

}  // namespace softmig::reconcile
