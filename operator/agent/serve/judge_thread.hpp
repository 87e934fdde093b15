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
#include "compare/noise.hpp"

namespace softmig::agent {

/// Compares pairs of answers and counts the verdicts, away from the threads that do I/O; those of controls only for the noise that they
/// show. A thread of its own; at its end what waits is counted as dropped.
class JudgeThread {
 public:
  /// All must outlive it.
  JudgeThread(const WatchPlan& plan, Tally& tally, const base::Clock& clock, std::size_t most_waiting);
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
    compare::NoiseControl noise;
    bool has_news = false;  // since noise was refreshed
  };
  void Run(const std::stop_token& stop);
  void Judge(Job job);
  void JudgeControl(std::size_t component, const compare::Exchange& exchange);
  void RefreshNoise();

  Tally& tally_;
  const base::Clock& clock_;
  const std::size_t most_waiting_;
  std::vector<Component> components_;
  const compare::IdMaps no_ids_;  // within legacy nothing is known to stand for anything else
  base::SteadyTime next_refresh_{};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> waiting_ SM_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: runs while all else is there
};

}  // namespace softmig::agent
