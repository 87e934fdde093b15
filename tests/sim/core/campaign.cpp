#include "sim/core/campaign.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/mutex.hpp"

namespace softmig::simulator {
namespace {

/// What all threads of a campaign share.
class Tally {
 public:
  explicit Tally(const CampaignOptions& options) : options_(options), next_(options.from) {}

  void Work() {
    StackPool stacks;
    const std::uint64_t end = options_.from + options_.seeds;
    while (!ended_) {
      const std::uint64_t seed = next_.fetch_add(1);
      if (seed >= end) return;
      RunOptions run;
      run.seed = seed;
      run.tweaks = options_.tweaks;
      if (options_.stage) options_.stage(run);
      Add(seed, RunOnce(run, stacks));
    }
  }

  CampaignResult Take() {
    std::ranges::sort(result_.failures, {}, &Failure::seed);
    return std::move(result_);
  }

 private:
  void Add(std::uint64_t seed, RunResult run) {
    const std::scoped_lock lock(mutex_);
    ++result_.seeds;
    result_.events += run.events;
    result_.faults += run.faults;
    result_.virtual_hours += run.virtual_hours;
    for (const auto& [name, count] : run.exercised) result_.exercised[name] += count;
    for (const auto& [name, count] : run.ends) result_.ends[name] += count;
    if (!run.violation) return;
    result_.failures.push_back({seed, std::move(*run.violation), std::move(run.plan)});
    ended_ = !options_.keep_going;
  }

  const CampaignOptions& options_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  CampaignResult result_ SM_GUARDED_BY(mutex_);
};

bool StillFails(const RunOptions& options, const std::string& invariant, StackPool& stacks) {
  const RunResult result = RunOnce(options, stacks);
  return result.violation && result.violation->invariant == invariant;
}

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  Tally tally(options);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back([&tally] { tally.Work(); });
    tally.Work();
  }
  CampaignResult result = tally.Take();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

FaultPlan Minimise(RunOptions options, const FaultPlan& plan, const std::string& invariant, StackPool& stacks) {
  FaultPlan smallest = plan;
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = smallest.size(); i-- > 0;) {
      FaultPlan without = smallest;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      options.plan = without;
      if (!StillFails(options, invariant, stacks)) continue;
      smallest = std::move(without);
      smaller = true;
    }
  }
  return smallest;
}

}  // namespace softmig::simulator
