#include "reconcile/controller.hpp"

#include "kube/runtime/metrics.hpp"

namespace softmig::reconcile {
namespace {

using kube::Lane;
using kube::ObjectKey;
using Outcome = PassResult::Outcome;

// How long the watch may lag behind our own write before we look by ourselves.
constexpr base::Millis kOwnWriteLag{10};
// Nothing depends on it: every change wakes its migration. It bounds the damage of a bug in that.
constexpr base::Millis kSafetyNet{10 * 60'000};

}  // namespace

Controller::Controller(ControllerOptions options, kube::WorkQueue& queue, Reconciler& reconciler, kube::Metrics& metrics,
                       const base::Clock& clock)
    : options_(options), queue_(queue), reconciler_(reconciler), metrics_(metrics.Controller("softmigration")), clock_(clock) {
  metrics_.SetWorkers(static_cast<int>(options.ordinary_workers + options.safety_workers));
}

Controller::~Controller() { Stop(); }

void Controller::Wake(const ObjectKey& key, Lane lane) { queue_.Add(key, LaneFor(key, lane)); }

void Controller::Start(const std::vector<ObjectKey>& keys) {
  for (const ObjectKey& key : keys) queue_.Add(key, Lane::kOrdinary);
  const auto work = [this](Lane lane) { return [this, lane](const std::stop_token& stop) { Work(lane, stop); }; };
  for (unsigned i = 0; i < options_.ordinary_workers; ++i) workers_.emplace_back(work(Lane::kOrdinary));
  for (unsigned i = 0; i < options_.safety_workers; ++i) workers_.emplace_back(work(Lane::kSafety));
}

bool Controller::TryPass(Lane lane) {
  const auto key = queue_.TryTake(lane);
  if (!key) return false;
  Pass(*key);
  queue_.Done(*key);
  return true;
}

void Controller::Stop() {
  queue_.ShutDown();
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void Controller::Work(Lane lane, const std::stop_token& stop) {
  while (const auto key = queue_.Take(lane, stop)) {
    Pass(*key);
    queue_.Done(*key);
  }
}

void Controller::Pass(const ObjectKey& key) {
  metrics_.OnStart();
  const base::SteadyTime began = clock_.SteadyNow();
  const PassResult result = reconciler_.Reconcile(key);
  const double seconds = std::chrono::duration<double>(clock_.SteadyNow() - began).count();
  Remember(key, result);
  Follow(key, result);
  switch (result.outcome) {
    case Outcome::kFailed: return metrics_.OnEnd(kube::ReconcileResult::kError, seconds);
    case Outcome::kNothingToWrite:
    case Outcome::kRequeueSoon: return metrics_.OnEnd(kube::ReconcileResult::kRequeue, seconds);
    case Outcome::kSettled:
      return metrics_.OnEnd(result.look_again ? kube::ReconcileResult::kRequeueAfter : kube::ReconcileResult::kSuccess, seconds);
  }
}

void Controller::Follow(const ObjectKey& key, const PassResult& result) {
  switch (result.outcome) {
    case Outcome::kNothingToWrite:
    case Outcome::kFailed: return queue_.AddRateLimited(key, result.lane);
    case Outcome::kRequeueSoon: return queue_.AddAfter(key, result.lane, kOwnWriteLag);
    case Outcome::kSettled:
      queue_.Forget(key);
      return queue_.AddAfter(key, result.lane, std::min(result.look_again.value_or(kSafetyNet), kSafetyNet));
  }
}

Lane Controller::LaneFor(const ObjectKey& key, Lane lane) const {
  const std::scoped_lock lock(mutex_);
  const auto it = standing_.find(key);
  return it == standing_.end() ? lane : it->second;
}

void Controller::Remember(const ObjectKey& key, const PassResult& result) {
  const std::scoped_lock lock(mutex_);
  if (result.only_paperwork || result.lane == Lane::kSafety) {
    standing_[key] = result.only_paperwork ? Lane::kOrdinary : Lane::kSafety;
  } else {
    standing_.erase(key);
  }
}

}  // namespace softmig::reconcile
