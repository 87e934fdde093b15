#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "kube/runtime/work_queue.hpp"
#include "reconcile/reconciler.hpp"

namespace softmig::kube {
class ControllerMetrics;
class Metrics;
}  // namespace softmig::kube

namespace softmig::reconcile {

struct ControllerOptions {
  unsigned ordinary_workers = 4;
  unsigned safety_workers = 8;  ///< take rollbacks only: ordinary work can never hold all workers
};

/// Hands keys from wake-ups to workers. Wake may be called from any thread, before Start too (the keys wait).
/// Start once, when we lead; Stop ends the workers after the writes under way.
class Controller {
 public:
  Controller(ControllerOptions options, kube::WorkQueue& queue, Reconciler& reconciler, kube::Metrics& metrics, const base::Clock& clock);
  ~Controller();

  void Wake(const kube::ObjectKey& key, kube::Lane lane);
  void Start(const std::vector<kube::ObjectKey>& keys);
  /// One pass over a key that is due on this lane, on the caller's thread; false where none is. For a simulator, with no workers.
  bool TryPass(kube::Lane lane);
  void Stop();

 private:
  void Work(kube::Lane lane, const std::stop_token& stop);
  void Pass(const kube::ObjectKey& key);
  void Follow(const kube::ObjectKey& key, const PassResult& result);
  [[nodiscard]] kube::Lane LaneFor(const kube::ObjectKey& key, kube::Lane lane) const;
  void Remember(const kube::ObjectKey& key, const PassResult& result);

  const ControllerOptions options_;
  kube::WorkQueue& queue_;
  Reconciler& reconciler_;
  kube::ControllerMetrics& metrics_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  /// The lane of keys in the middle of a rollback, whatever wakes them: safety until users are back, ordinary to record it.
  std::unordered_map<kube::ObjectKey, kube::Lane> standing_ SM_GUARDED_BY(mutex_);
  std::vector<std::jthread> workers_;
};

}  // namespace softmig::reconcile
