#include "kube/runtime/event_recorder.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/mutex.hpp"
#include "kube/core/known_types.hpp"
#include "kube/runtime/event_series.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxQueued = 4'096;
constexpr base::Millis kCallDeadline{5'000};
constexpr base::Millis kFarewell{500};     // for what is still queued when we stop
constexpr base::Millis kLookAgain{5'000};  // the clock given may not be the machine's
constexpr base::Millis kRetryAfter{1'000};
constexpr int kTries = 3;
// Events are the least of what is written: when a thousand migrations are rolled back at once they must not take the API server's time.
constexpr base::Millis kPause{20};

bool MayPass(base::ErrorCode code) {
  return code == base::ErrorCode::kUnavailable || code == base::ErrorCode::kTimeout || code == base::ErrorCode::kThrottled;
}

}  // namespace

/// Record only queues; the thread talks to the server. `series_` belongs to the thread.
class EventRecorder::Impl {
 public:
  Impl(RestClient& client, std::string controller, std::string instance, const base::Clock& clock, base::Log& log)
      : client_(client),
        controller_(std::move(controller)),
        instance_(std::move(instance)),
        clock_(clock),
        log_(log),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  void OnlyWhile(std::function<bool()> may_send) {
    const std::lock_guard lock(mutex_);
    may_send_ = std::move(may_send);
  }

  void Record(EventNote note) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= kMaxQueued) {
        queue_.pop_front();
        ++dropped_;
      }
      queue_.push_back({std::move(note), Now()});
    }
    changed_.notify_one();
  }

 private:
  struct Queued {
    EventNote note;
    EventTime at;
  };

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      CallOptions call{.deadline = kCallDeadline, .may_send = MaySend(), .field_manager = controller_, .subresource = {}, .stop = stop};
      if (auto queued = Next(stop)) {
        Send(std::move(*queued), call);
        Pause(stop, kPause);
      }
      if (stop.stop_requested()) break;
      if (EventSeries::Series* due = series_.DueAt(clock_.SteadyNow())) SendCount(*due, call);
    }
    SayFarewell();
  }

  std::function<bool()> MaySend() {
    const std::lock_guard lock(mutex_);
    return may_send_;
  }

  /// Waits for a note or for the next count to be due.
  std::optional<Queued> Next(const std::stop_token& stop) {
    const auto due = series_.NextDue();
    base::Millis longest = kLookAgain;
    if (due) longest = std::clamp(std::chrono::ceil<base::Millis>(*due - clock_.SteadyNow()), base::Millis(0), kLookAgain);
    std::size_t dropped = 0;
    std::optional<Queued> first;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, longest, [this] { return !queue_.empty(); });
      first = Pop();
      dropped = std::exchange(dropped_, 0);
    }
    if (dropped > 0) log_.Warn("events dropped, too many wait", {{"count", dropped}});
    return first;
  }

  std::optional<Queued> Pop() SM_REQUIRES(mutex_) {
    if (queue_.empty()) return std::nullopt;
    Queued first = std::move(queue_.front());
    queue_.pop_front();
    return first;
  }

  void Send(Queued queued, const CallOptions& call) {
    EventSeries::Series* fresh = series_.Add(std::move(queued.note), queued.at, instance_);
    if (fresh != nullptr) Create(*fresh, call);
  }

  void Create(EventSeries::Series& series, const CallOptions& call) {
    const nlohmann::json event = RenderEvent(series, controller_, instance_);
    series.sent_at = clock_.SteadyNow();
    const auto done = Try(call, [&] { return client_.Create(kEvents, event, call); });
    // The name is ours alone: a conflict is our own earlier try that arrived after all.
    series.created = done || done.error().code == base::ErrorCode::kConflict;
    series.count_sent = series.count;
    if (!series.created) log_.Debug("an event was lost", {{"reason", series.note.reason}, {"error", done.error().ToString()}});
  }

  void SendCount(EventSeries::Series& series, const CallOptions& call) {
    if (!series.created) return Create(series, call);
    const ObjectKey key{EventNamespace(series.note.regarding), series.name};
    const nlohmann::json patch = RenderSeriesPatch(series);
    series.sent_at = clock_.SteadyNow();
    const auto done = Try(call, [&] { return client_.Patch(kEvents, key, PatchType::kMerge, patch, call); });
    if (!done && done.error().code == base::ErrorCode::kNotFound) return Create(series, call);
    series.count_sent = series.count;
    if (!done) log_.Debug("an event's count was lost", {{"reason", series.note.reason}, {"error", done.error().ToString()}});
  }

  static void Pause(const std::stop_token& stop, base::Millis length) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, length, [] { return false; });
  }

  /// Up to three tries while the failure may pass; waits in between, cut short by the call's stop.
  template <typename Action>
  base::Result<nlohmann::json> Try(const CallOptions& call, const Action& action) {
    for (int tries = 1;; ++tries) {
      auto done = action();
      if (done || tries == kTries || !MayPass(done.error().code) || !call.stop.stop_possible()) return done;
      Pause(call.stop, kRetryAfter * tries);
      if (call.stop.stop_requested()) return done;
    }
  }

  /// One quick try for each note that still waits, half a second in all.
  void SayFarewell() {
    const base::SystemClock watch;  // bounds our own destruction, so real time counts
    const base::SteadyTime end = watch.SteadyNow() + kFarewell;
    for (base::SteadyTime now = watch.SteadyNow(); now < end; now = watch.SteadyNow()) {
      std::optional<Queued> queued;
      {
        const std::lock_guard lock(mutex_);
        queued = Pop();
      }
      if (!queued) return;
      CallOptions call;
      call.deadline = std::chrono::ceil<base::Millis>(end - now);
      call.field_manager = controller_;
      call.may_send = MaySend();
      Send(std::move(*queued), call);
    }
  }

  EventTime Now() const { return {clock_.WallNow(), clock_.SteadyNow()}; }

  RestClient& client_;
  const std::string controller_, instance_;
  const base::Clock& clock_;
  base::Log& log_;
  EventSeries series_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Queued> queue_ SM_GUARDED_BY(mutex_);
  std::size_t dropped_ SM_GUARDED_BY(mutex_) = 0;
  std::function<bool()> may_send_ SM_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: stops before anything it uses is gone
};

EventRecorder::EventRecorder(RestClient& client, std::string controller, std::string instance, const base::Clock& clock, base::Log& log)
    : impl_(std::make_unique<Impl>(client, std::move(controller), std::move(instance), clock, log)) {}

EventRecorder::~EventRecorder() = default;

void EventRecorder::OnlyWhile(std::function<bool()> may_send) { impl_->OnlyWhile(std::move(may_send)); }

void EventRecorder::Record(EventNote note) { impl_->Record(std::move(note)); }

}  // namespace softmig::kube
