#pragma once

#include <memory>
#include <string>

#include "kube/client/rest_client.hpp"
#include "kube/runtime/work_queue.hpp"

namespace prometheus {
class Registry;
}

namespace softmig::kube {

enum class ReconcileResult { kSuccess, kError, kRequeue, kRequeueAfter };

/// controller_runtime_* of one controller. Thread-safe.
class ControllerMetrics {
 public:
  virtual ~ControllerMetrics() = default;
  virtual void SetWorkers(int configured) = 0;
  /// Around one reconcile.
  virtual void OnStart() = 0;
  virtual void OnEnd(ReconcileResult result, double seconds) = 0;
};

/// The numbers every controller shows, under the names that stock dashboards know. Owned by main, handed to what counts.
/// Thread-safe; counting takes no lock but where a label value is new.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// The references live as long as the Metrics; the same name gives the same object.
  ControllerMetrics& Controller(const std::string& name);
  /// Give it to the queue's constructor, then Attach the queue so that depth and running work are shown.
  QueueObserver& Queue(const std::string& name);
  /// REQUIRES: `queue` outlives the Metrics or is detached first.
  void Attach(const std::string& name, const WorkQueue& queue);
  void Detach(const std::string& name);
  /// rest_client_* for a client of `host`. The Metrics must outlive the client.
  RequestObserver ClientObserver(const std::string& host);
  void SetLeading(const std::string& lease, bool leading);

  /// Text exposition format, version 0.0.4.
  [[nodiscard]] std::string Expose() const;
  /// For the metrics of the domain. Cache the references that it gives.
  prometheus::Registry& registry();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::kube
