#include "agent/serve/judge_thread.hpp"

#include <utility>

namespace softmig::agent {
namespace {

constexpr std::size_t kMostIds = 10'000;
constexpr std::chrono::seconds kLongestWait{1};  // a wake-up that does nothing; a bound for every wait

compare::Exchange ExchangeOf(compare::Side served_by, compare::Answer served, Replied other) {
  compare::Exchange exchange{std::move(served), compare::Failure::kError};
  std::visit([&](auto&& value) { exchange.target = std::forward<decltype(value)>(value); }, std::move(other));
  if (served_by == compare::Side::kTarget) std::swap(exchange.legacy, exchange.target);
  return exchange;
}

}  // namespace

JudgeThread::JudgeThread(const WatchPlan& plan, Tally& tally, std::size_t most_waiting) : tally_(tally), most_waiting_(most_waiting) {
  for (const WatchedComponent& component : plan.components) {
    components_.push_back({std::make_unique<compare::Comparer>(component.rules, compare::ComparerLimits{}), compare::IdMaps(kMostIds)});
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

JudgeThread::~JudgeThread() {
  thread_.request_stop();
  thread_.join();
  for (const Job& job : waiting_) tally_.CountDropped(job.exchange.component, compare::Reason::kStopping);
}

void JudgeThread::Submit(CapturedExchange exchange, Replied other) {
  const auto* answer = std::get_if<compare::Answer>(&other);
  const bool has_memory = answer == nullptr || exchange.memory.Grow(answer->body.size());
  {
    const std::lock_guard lock(mutex_);
    if (has_memory && waiting_.size() < most_waiting_) {
      waiting_.push_back({std::move(exchange), std::move(other)});
      changed_.notify_one();
      return;
    }
  }
  tally_.CountDropped(exchange.component, compare::Reason::kBufferFull);
}

void JudgeThread::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, stop, kLongestWait, [&]() SM_REQUIRES(mutex_) { return !waiting_.empty(); })) continue;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Judge(std::move(job));
  }
}

void JudgeThread::Judge(Job job) {
  Component& component = components_.at(job.exchange.component);
  const compare::Exchange exchange = ExchangeOf(job.exchange.served_by, std::move(job.exchange.answer), std::move(job.other));
  const compare::Outcome outcome = component.comparer->Compare(exchange, component.ids);
  tally_.CountVerdict(job.exchange.component, outcome);
  if (outcome.verdict == compare::Verdict::kEqualAfterRules) component.ids.Learn(component.comparer->new_ids());
}

}  // namespace softmig::agent
