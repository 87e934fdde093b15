#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "kube/core/object.hpp"
#include "model/spec.hpp"
#include "providers/credentials.hpp"
#include "providers/metric_provider.hpp"

namespace softmig::reconcile {

/// How one metric is asked: who builds its requests and reads the answers, and what its requests carry. Cheap to copy.
struct MetricAccess {
  std::shared_ptr<const providers::MetricProvider> provider;
  providers::Authentication authentication;
  std::string address{};  ///< where it is asked; empty: at the metric's own address
};

/// Who asks: a metric of this component.
struct Asker {
  kube::ObjectKey migration;
  std::string uid;  ///< the migration's
  std::string component;
  std::string epoch;  ///< what the evidence is about: what was found out under another one says nothing
  bool operator==(const Asker&) const = default;
};

/// Gives each metric its way to be asked. Thread-safe.
class MetricSources {
 public:
  using Done = std::function<void(base::Result<MetricAccess>)>;
  virtual ~MetricSources() = default;

  /// Calls `done` once: on this thread where nothing has to be read first. An error is one sentence for the metric's evidence. Where the
  /// process ends first `done` may be dropped.
  virtual void Open(const Asker& asker, const model::MetricSpec& metric, Done done) = 0;
  /// What Open gave was not good enough: the source answered 401 or 403, or it may not be sent there.
  virtual void Refused(const Asker& asker, const model::MetricSpec& metric) = 0;
};

/// One provider for all, without credentials.
class PlainSources final : public MetricSources {
 public:
  /// `provider` must outlive it.
  explicit PlainSources(const providers::MetricProvider& provider)
      : provider_(std::shared_ptr<const providers::MetricProvider>(), &provider) {}
  void Open(const Asker& /*asker*/, const model::MetricSpec& /*metric*/, Done done) override { done(MetricAccess{provider_, {}, {}}); }
  void Refused(const Asker& /*asker*/, const model::MetricSpec& /*metric*/) override {}

 private:
  std::shared_ptr<const providers::MetricProvider> provider_;
};

}  // namespace softmig::reconcile
