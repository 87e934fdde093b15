#include "kube/runtime/work_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/assert.hpp"
#include "base/backoff.hpp"
#include "base/mutex.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kFirstDelay{5};
constexpr base::Millis kSafetyCap{1'000};
constexpr base::Millis kOrdinaryCap{30'000};
constexpr unsigned kMaxCountedFailures = 64;
/// The clock given may not be the machine's, so a worker that waits for a timer looks at it at least this often.
constexpr base::Millis kLookAgain{1'000};

Lane Safer(Lane a, Lane b) { return a == Lane::kSafety || b == Lane::kSafety ? Lane::kSafety : Lane::kOrdinary; }

double Seconds(base::SteadyTime from, base::SteadyTime to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

/// A key is in `entries_` while it is queued, worked on, or waits for a timer. `ready_` and `timers_` are indexes of the entries.
class WorkQueue::Impl {
 public:
  Impl(const base::Clock& clock, QueueObserver* observer) : clock_(clock), observer_(observer) {}

  void Add(const ObjectKey& key, Lane lane) {
    {
      const std::lock_guard lock(mutex_);
      if (shut_down_ || !Enqueue(key, lane)) return;
      WakeOne(key);
    }
    if (observer_ != nullptr) observer_->OnAdded();
  }

  void AddAfter(const ObjectKey& key, Lane lane, base::Millis delay) {
    if (delay <= base::Millis(0)) return Add(key, lane);
    {
      const std::lock_guard lock(mutex_);
      if (shut_down_) return;
      Entry& entry = entries_[key];
      if (entry.queued) {
        Promote(key, entry, lane);
        WakeOne(key);
      } else if (entry.again) {
        entry.again = Safer(*entry.again, lane);
      } else {
        const base::SteadyTime due = clock_.SteadyNow() + delay;
        const bool first = timers_.empty() || due < timers_.begin()->first;
        SetTimer(key, entry, lane, due);
        if (first) WakeTimerKeeper();
      }
    }
  }

  void AddRateLimited(const ObjectKey& key, Lane lane) {
    base::Millis delay{0};
    {
      const std::lock_guard lock(mutex_);
      unsigned& failures = failures_[key];
      if (failures < kMaxCountedFailures) ++failures;
      delay = base::ExponentialBackoff(failures, kFirstDelay, lane == Lane::kSafety ? kSafetyCap : kOrdinaryCap);
      ++stats_.retries;
    }
    if (observer_ != nullptr) observer_->OnRetry();
    AddAfter(key, lane, delay);
  }

  void Forget(const ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    failures_.erase(key);
  }

  std::optional<ObjectKey> Take(Lane lane, const std::stop_token& stop) {
    std::optional<Taken> taken;
    {
      std::unique_lock lock(mutex_);
      while (!stop.stop_requested() && !shut_down_) {
        taken = TakeDue(lane);
        if (taken) break;
        WaitForWork(lock, lane, stop);
      }
    }
    return Report(taken);
  }

  std::optional<ObjectKey> TryTake(Lane lane) {
    std::optional<Taken> taken;
    {
      const std::lock_guard lock(mutex_);
      if (!shut_down_) taken = TakeDue(lane);
    }
    return Report(taken);
  }

  std::optional<base::SteadyTime> NextDue() const {
    const std::lock_guard lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
  }

  void Done(const ObjectKey& key) {
    double worked = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto it = entries_.find(key);
      SM_ASSERT(it != entries_.end() && it->second.working);
      Entry& entry = it->second;
      entry.working = false;
      worked = Seconds(entry.since, clock_.SteadyNow());
      stats_.work_seconds_sum += worked;
      ++stats_.work_count;
      const std::optional<Lane> again = std::exchange(entry.again, std::nullopt);
      if (again && !shut_down_) {
        PutIn(key, entry, *again);
        WakeOne(key);
      } else if (!entry.timer) {
        entries_.erase(it);
      }
    }
    if (observer_ != nullptr) observer_->OnDone(worked);
  }

  void ShutDown() {
    {
      const std::lock_guard lock(mutex_);
      shut_down_ = true;
    }
    for (auto& lane : changed_) lane.notify_all();
  }

  QueueStats Stats() const {
    const std::lock_guard lock(mutex_);
    QueueStats stats = stats_;
    stats.depth = ready_[0].size() + ready_[1].size();
    const base::SteadyTime now = clock_.SteadyNow();
    for (const auto& [key, entry] : entries_) {
      if (!entry.working) continue;
      const double running = Seconds(entry.since, now);
      stats.unfinished_seconds += running;
      stats.longest_running_seconds = std::max(stats.longest_running_seconds, running);
    }
    return stats;
  }

 private:
  using Position = std::list<ObjectKey>::iterator;
  struct Entry {
    bool queued = false;
    bool working = false;
    Lane lane = Lane::kOrdinary;  // of the queued key, or of the timer
    Position position;            // in ready_, while queued
    base::SteadyTime since;       // queued or taken at
    std::optional<Lane> again;    // to be queued when the work is done
    std::optional<base::SteadyTime> timer;
  };
  struct Taken {
    ObjectKey key;
    double waited = 0;
  };

  std::list<ObjectKey>& Ready(Lane lane) SM_REQUIRES(mutex_) { return ready_[lane == Lane::kSafety ? 1 : 0]; }

  /// False where the key waits already (and was merged).
  bool Enqueue(const ObjectKey& key, Lane lane) SM_REQUIRES(mutex_) {
    Entry& entry = entries_[key];
    if (entry.timer) {
      lane = Safer(lane, entry.lane);
      ClearTimer(key, entry);
    }
    if (entry.queued) {
      Promote(key, entry, lane);
      return false;
    }
    if (entry.working) {
      const bool fresh = !entry.again;
      entry.again = Safer(lane, entry.again.value_or(lane));
      if (fresh) ++stats_.adds;
      return fresh;
    }
    ++stats_.adds;
    PutIn(key, entry, lane);
    return true;
  }

  void PutIn(const ObjectKey& key, Entry& entry, Lane lane) SM_REQUIRES(mutex_) {
    if (entry.timer) {
      lane = Safer(lane, entry.lane);
      ClearTimer(key, entry);
    }
    entry.queued = true;
    entry.lane = lane;
    entry.since = clock_.SteadyNow();
    entry.position = Ready(lane).insert(Ready(lane).end(), key);
  }

  /// Moves a queued key to the safer lane, behind those that wait there.
  void Promote(const ObjectKey& key, Entry& entry, Lane lane) SM_REQUIRES(mutex_) {
    if (Safer(entry.lane, lane) == entry.lane) return;
    Ready(entry.lane).erase(entry.position);
    entry.lane = lane;
    entry.position = Ready(lane).insert(Ready(lane).end(), key);
  }

  void SetTimer(const ObjectKey& key, Entry& entry, Lane lane, base::SteadyTime due) SM_REQUIRES(mutex_) {
    if (entry.timer) {
      lane = Safer(lane, entry.lane);
      due = std::min(due, *entry.timer);
      ClearTimer(key, entry);
    }
    entry.timer = due;
    entry.lane = lane;
    timers_.emplace(due, key);
  }

  void ClearTimer(const ObjectKey& key, Entry& entry) SM_REQUIRES(mutex_) {
    timers_.erase({*entry.timer, key});
    entry.timer.reset();
  }

  /// Queues every key whose time has come.
  void FireTimers() SM_REQUIRES(mutex_) {
    const base::SteadyTime now = clock_.SteadyNow();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const ObjectKey key = timers_.begin()->second;
      Enqueue(key, entries_[key].lane);
      WakeOne(key);
    }
  }

  /// Wakes one worker that may take the queued key; an ordinary one for a safety key only where no safety worker waits.
  void WakeOne(const ObjectKey& key) SM_REQUIRES(mutex_) {
    const Entry& entry = entries_[key];
    if (!entry.queued) return;
    if (entry.lane == Lane::kSafety) changed_[1].notify_one();
    if (entry.lane == Lane::kOrdinary || waiting_[1] == 0) changed_[0].notify_one();
  }

  /// A waiter that was woken for one key may have taken another, or be slow to come: whoever takes a key wakes the next.
  void WakeForTheRest() SM_REQUIRES(mutex_) {
    if (!Ready(Lane::kSafety).empty()) {
      changed_[1].notify_one();
      changed_[0].notify_one();
    } else if (!Ready(Lane::kOrdinary).empty()) {
      changed_[0].notify_one();
    }
  }

  /// Somebody waits for the first timer: it must look again. Where nobody does, the next who waits will see it.
  void WakeTimerKeeper() SM_REQUIRES(mutex_) {
    if (keeper_ >= 0) {
      changed_[keeper_].notify_all();
    } else {
      changed_[waiting_[0] > 0 ? 0 : 1].notify_one();
    }
  }

  std::optional<Taken> TakeDue(Lane lane) SM_REQUIRES(mutex_) {
    FireTimers();
    std::list<ObjectKey>* from = &Ready(Lane::kSafety);
    if (from->empty() && lane == Lane::kOrdinary) from = &Ready(Lane::kOrdinary);
    if (from->empty()) return std::nullopt;
    Taken taken{std::move(from->front()), 0};
    from->pop_front();
    Entry& entry = entries_[taken.key];
    const base::SteadyTime now = clock_.SteadyNow();
    taken.waited = Seconds(entry.since, now);
    stats_.queue_seconds_sum += taken.waited;
    entry.queued = false;
    entry.working = true;
    entry.since = now;
    WakeForTheRest();
    return taken;
  }

  /// One waiting worker keeps the timers; the others sleep until they are woken.
  void WaitForWork(std::unique_lock<std::mutex>& lock, Lane lane, const std::stop_token& stop) {
    const int own = lane == Lane::kSafety ? 1 : 0;
    const auto ready = [this, lane] {
      return shut_down_ || !Ready(Lane::kSafety).empty() || (lane == Lane::kOrdinary && !Ready(Lane::kOrdinary).empty());
    };
    ++waiting_[own];
    if (timers_.empty() || keeper_ >= 0) {
      changed_[own].wait(lock, stop, [&] { return ready() || (!timers_.empty() && keeper_ < 0); });
      --waiting_[own];
      return;
    }
    keeper_ = own;
    const base::SteadyTime first = timers_.begin()->first;
    const auto left = std::chrono::ceil<base::Millis>(first - clock_.SteadyNow());
    const auto sooner = [&] { return ready() || timers_.empty() || timers_.begin()->first < first; };
    changed_[own].wait_for(lock, stop, std::clamp(left, base::Millis(0), kLookAgain), sooner);
    keeper_ = -1;
    --waiting_[own];
    // Whoever takes work now must not leave the timers alone.
    if (!timers_.empty()) changed_[waiting_[0] > 0 ? 0 : 1].notify_one();
  }

  std::optional<ObjectKey> Report(const std::optional<Taken>& taken) {
    if (!taken) return std::nullopt;
    if (observer_ != nullptr) observer_->OnTaken(taken->waited);
    return taken->key;
  }

  const base::Clock& clock_;
  QueueObserver* const observer_;
  mutable std::mutex mutex_;
  // One of each a lane, ordinary first. Waking all workers for each key cost more than the work itself.
  std::condition_variable_any changed_[2];
  int waiting_[2] SM_GUARDED_BY(mutex_) = {0, 0};
  int keeper_ SM_GUARDED_BY(mutex_) = -1;  ///< lane of the worker that waits for the first timer; -1: none does
  std::unordered_map<ObjectKey, Entry> entries_ SM_GUARDED_BY(mutex_);
  std::list<ObjectKey> ready_[2] SM_GUARDED_BY(mutex_);
  std::set<std::pair<base::SteadyTime, ObjectKey>> timers_ SM_GUARDED_BY(mutex_);
  std::unordered_map<ObjectKey, unsigned> failures_ SM_GUARDED_BY(mutex_);
  QueueStats stats_ SM_GUARDED_BY(mutex_);
  bool shut_down_ SM_GUARDED_BY(mutex_) = false;
};

WorkQueue::WorkQueue(const base::Clock& clock, QueueObserver* observer) : impl_(std::make_unique<Impl>(clock, observer)) {}
WorkQueue::~WorkQueue() = default;

void WorkQueue::Add(const ObjectKey& key, Lane lane) { impl_->Add(key, lane); }
void WorkQueue::AddAfter(const ObjectKey& key, Lane lane, base::Millis delay) { impl_->AddAfter(key, lane, delay); }
void WorkQueue::AddRateLimited(const ObjectKey& key, Lane lane) { impl_->AddRateLimited(key, lane); }
void WorkQueue::Forget(const ObjectKey& key) { impl_->Forget(key); }
std::optional<ObjectKey> WorkQueue::Take(Lane lane, const std::stop_token& stop) { return impl_->Take(lane, stop); }
std::optional<ObjectKey> WorkQueue::TryTake(Lane lane) { return impl_->TryTake(lane); }
std::optional<base::SteadyTime> WorkQueue::NextDue() const { return impl_->NextDue(); }
void WorkQueue::Done(const ObjectKey& key) { impl_->Done(key); }
void WorkQueue::ShutDown() { impl_->ShutDown(); }
QueueStats WorkQueue::Stats() const { return impl_->Stats(); }

}  // namespace softmig::kube
