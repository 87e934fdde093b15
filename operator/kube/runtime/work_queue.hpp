#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "base/clock.hpp"
#include "kube/core/object.hpp"

namespace softmig::kube {

/// Which workers take a key: safety (breach, rollback) never waits behind ordinary work.
enum class Lane { kOrdinary, kSafety };

/// Counts for workqueue_* metrics; all monotonic but depth.
struct QueueStats {
  std::size_t depth = 0;
  std::uint64_t adds = 0, retries = 0;
  double queue_seconds_sum = 0, work_seconds_sum = 0;
  std::uint64_t work_count = 0;
  double longest_running_seconds = 0, unfinished_seconds = 0;
};

/// Told what happens in a queue, for metrics. Called outside the queue's lock, from any thread that uses the queue: must be quick.
class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  virtual void OnAdded() = 0;
  virtual void OnRetry() = 0;
  virtual void OnTaken(double waited_seconds) = 0;
  virtual void OnDone(double worked_seconds) = 0;
};

/// Keys to look at. Fair within a lane; one key is never with two workers at once (whatever its lanes); adding a key that waits merges
/// (the safer lane wins, the earlier time wins); adding a key that is being worked on hands it out again after Done.
/// Time comes from the clock given; all waiting is bounded by stop. Thread-safe.
class WorkQueue {
 public:
  /// `observer` may be null; both must outlive the queue.
  explicit WorkQueue(const base::Clock& clock, QueueObserver* observer = nullptr);
  ~WorkQueue();

  void Add(const ObjectKey& key, Lane lane);
  /// Keeps the earliest of several times for a key; a plain Add overtakes it.
  void AddAfter(const ObjectKey& key, Lane lane, base::Millis delay);
  /// AddAfter with 5 ms·2^n (cap: 1 s on the safety lane, 30 s on the ordinary one), n = failures since Forget.
  void AddRateLimited(const ObjectKey& key, Lane lane);
  void Forget(const ObjectKey& key);

  /// The next due key of the lane; kSafety workers take only safety keys, kOrdinary workers take safety keys first.
  /// Nothing once `stop` is requested or ShutDown was called.
  std::optional<ObjectKey> Take(Lane lane, const std::stop_token& stop);
  /// Take without waiting; for tests and simulations with a clock of their own.
  std::optional<ObjectKey> TryTake(Lane lane);
  /// When the first waiting key becomes due; nothing where none waits.
  [[nodiscard]] std::optional<base::SteadyTime> NextDue() const;
  /// REQUIRES: `key` came from Take and was not yet done.
  void Done(const ObjectKey& key);

  void ShutDown();
  [[nodiscard]] QueueStats Stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::kube
