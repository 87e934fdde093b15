#include "agent/serve/judge_thread.hpp"

#include <utility>

namespace softmig::agent {
namespace {

constexpr std::size_t kMostIds = 10'000;
constexpr double kNoiseAlpha = 0.01;
constexpr base::Millis kBetweenRefreshes{500};
constexpr std::chrono::seconds kLongestWait{1};  // a wake-up that does nothing; a bound for every wait

compare::Exchange ExchangeOf(compare::Side served_by, compare::Answer served, Replied other) {
  compare::Exchange exchange{std::move(served), compare::Failure::kError};
  std::visit([&](auto&& value) { exchange.target = std::forward<decltype(value)>(value); }, std::move(other));
  if (served_by == compare::Side::kTarget) std::swap(exchange.legacy, exchange.target);
  return exchange;
}

}  // namespace

JudgeThread::JudgeThread(const WatchPlan& plan, Tally& tally, const base::Clock& clock, std::size_t most_waiting)
    : tally_(tally), clock_(clock), most_waiting_(most_waiting), no_ids_(1) {
  for (const WatchedComponent& component : plan.components) {
    components_.push_back({std::make_unique<compare::Comparer>(component.rules, compare::ComparerLimits{}), compare::IdMaps(kMostIds),
                           compare::NoiseControl(kNoiseAlpha), false});
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

JudgeThread::~JudgeThread() {
  thread_.request_stop();
  thread_.join();
  for (const Job& job : waiting_) tally_.CountUnasked(job.exchange, compare::Reason::kStopping);
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
  tally_.CountUnasked(exchange, compare::Reason::kBufferFull);
}

void JudgeThread::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, stop, kLongestWait, [&]() SM_REQUIRES(mutex_) { return !waiting_.empty(); })) continue;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Judge(std::move(job));
    RefreshNoise();
  }
}

void JudgeThread::Judge(Job job) {
  Component& component = components_.at(job.exchange.component);
  const compare::Exchange exchange = ExchangeOf(job.exchange.served_by, std::move(job.exchange.answer), std::move(job.other));
  if (job.exchange.is_control) return JudgeControl(job.exchange.component, exchange);
  compare::Outcome outcome = component.comparer->Compare(exchange, component.ids);
  component.noise.AddRaw(outcome);
  component.has_news = true;
  const bool is_noise = component.noise.Mark(outcome);
  tally_.CountVerdict(job.exchange.component, outcome, is_noise);
  if (outcome.verdict == compare::Verdict::kEqualAfterRules) component.ids.Learn(component.comparer->new_ids());
}

void JudgeThread::JudgeControl(std::size_t at, const compare::Exchange& exchange) {
  Component& component = components_.at(at);
  const compare::Outcome outcome = component.comparer->Compare(exchange, no_ids_);
  component.has_news = true;
  if (!component.noise.AddControl(outcome)) return tally_.CountControl(at, ControlEnd::kLost);
  tally_.CountControl(at, outcome.fields.empty() ? ControlEnd::kSame : ControlEnd::kDiffered);
}

void JudgeThread::RefreshNoise() {
  const base::SteadyTime now = clock_.SteadyNow();
  if (now < next_refresh_) return;
  next_refresh_ = now + kBetweenRefreshes;
  for (std::size_t i = 0; i < components_.size(); ++i) {
    Component& component = components_[i];
    if (!std::exchange(component.has_news, false)) continue;
    component.noise.Refresh();
    tally_.TakeNoise(i, component.noise.noisy());
  }
}

}  // namespace softmig::agent
