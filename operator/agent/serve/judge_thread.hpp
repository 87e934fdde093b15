#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/capture/captured_exchange.hpp"
#include "agent/capture/watch_plan.hpp"
#include "agent/serve/replayer.hpp"
#include "agent/serve/tally.hpp"
#include "base/mutex.hpp"
#include "compare/comparer.hpp"
#include "compare/id_maps.hpp"

namespace softmig::agent {

/// Compares pairs of answers and counts the verdicts, away from the threads that do I/O. A thread of its own; at its end what waits is
/// counted as dropped.
class JudgeThread {
 public:
  /// Both must outlive it.
  JudgeThread(const WatchPlan& plan, Tally& tally, std::size_t most_waiting);
  ~JudgeThread();

  /// Takes both answers to one request; counts it as dropped where too many wait or there is no memory. Thread-safe, never
  /// waits.
  void Submit(CapturedExchange exchange, Replied other);

 private:
  struct Job {
    CapturedExchange exchange;
    Replied other;
  };
  /// What the comparison of one component needs and learns. Used by the thread only.
  struct Component {
    std::unique_ptr<compare::Comparer> comparer;
    compare::IdMaps ids;
  };
  void Run(const std::stop_token& stop);
  void Judge(Job job);

  Tally& tally_;
  const std::size_t most_waiting_;
  std::vector<Component> components_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> waiting_ SM_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: runs while all else is there
};

}  // namespace softmig::agent
