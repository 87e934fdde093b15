#include "reconcile/metric_poller.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

#include "base/mutex.hpp"
#include "decide/decide.hpp"
#include "providers/answer.hpp"
#include "reconcile/bridge_poll.hpp"
#include "reconcile/metric_poll.hpp"

namespace softmig::reconcile {
namespace {

using kube::ObjectKey;
using Name = std::pair<std::string, std::string>;

constexpr base::Millis kLeastDeadline{2'000};
constexpr base::Millis kMostDeadline{10'000};
// Polls are spread in such steps: those of one step share their wake-ups, which are most of a poll's cost.
constexpr base::Millis kTick{100};

using PollPtr = std::shared_ptr<Poll>;

struct Later {
  bool operator()(const std::pair<base::SteadyTime, PollPtr>& a, const std::pair<base::SteadyTime, PollPtr>& b) const {
    return a.first > b.first;
  }
};

/// Status writes give an equal spec at another address; that changes nothing.
bool SameWish(const MetricPoller::Wanted& a, const MetricPoller::Wanted& b) {
  if (a.components != b.components || a.epoch != b.epoch) return false;
  return a.spec == b.spec || (a.spec && b.spec && *a.spec == *b.spec);
}

}  // namespace

class MetricPoller::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(http::HttpTransport& transport, MetricSources& sources, const base::Clock& clock, Wake wake)
      : transport_(transport), sources_(sources), clock_(clock), wake_(std::move(wake)) {}

  struct Entry {
    Wanted wanted;
    std::map<Name, PollPtr> polls;
  };

  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto due = AskDue(lock);
      const auto earlier = [&] { return !heap_.empty() && (!due || heap_.top().first < *due); };
      if (due) {
        changed_.wait_until(lock, stop, *due, earlier);
      } else {
        changed_.wait_for(lock, stop, std::chrono::seconds(60), earlier);
      }
    }
  }

  std::optional<base::SteadyTime> AskDue() {
    std::unique_lock lock(mutex_);
    return AskDue(lock);
  }

  void Want(const ObjectKey& key, Wanted wanted, const model::Status& status) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[key];
    if (SameWish(entry.wanted, wanted)) {
      entry.wanted.spec = std::move(wanted.spec);
    } else {
      Rebuild(entry, key, std::move(wanted), status);
    }
    for (const model::ComponentStatus& component : status.components) {
      for (auto& [name, poll] : entry.polls) {
        if (name.first == component.name) NoteStage(*poll, component);
      }
    }
  }

  void Rebuild(Entry& entry, const ObjectKey& key, Wanted wanted, const model::Status& status) {
    const bool same_evidence = entry.wanted.epoch == wanted.epoch;
    std::map<Name, PollPtr> before = std::exchange(entry.polls, {});
    for (const std::string& component : wanted.components) {
      for (const model::MetricSpec& metric : wanted.spec->metrics) {
        if (!model::Judges(metric, component)) continue;
        const auto it = same_evidence ? before.find({component, metric.name}) : before.end();
        if (it != before.end() && AsksTheSame(*it->second, *wanted.spec, metric)) {
          entry.polls[it->first] = std::move(it->second);  // an answer that is under way still counts
          before.erase(it);
          continue;
        }
        PollPtr poll = MakePoll({key, wanted.uid, component, wanted.epoch}, wanted.spec, metric, status);
        poll->due = clock_.SteadyNow();
        if (it != before.end()) Inherit(*poll, *it->second);
        if (!model::IsOfBridge(metric)) heap_.emplace(poll->due, poll);
        entry.polls[{component, metric.name}] = std::move(poll);
      }
    }
    for (const auto& [name, poll] : before) poll->cancelled = true;
    entry.wanted = std::move(wanted);
    changed_.notify_all();
  }

  void Forget(const ObjectKey& key) {
    const std::scoped_lock lock(mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end()) return;
    for (const auto& [name, poll] : it->second.polls) poll->cancelled = true;
    entries_.erase(it);
  }

  void Take(const ObjectKey& key, const BridgeRound& round) {
    bool is_news = false;
    bool breach = false;
    {
      const std::scoped_lock lock(mutex_);
      const auto entry = entries_.find(key);
      if (entry == entries_.end()) return;
      for (auto& [name, poll] : entry->second.polls) {
        if (!model::IsOfBridge(*poll->metric)) continue;
        const auto verdict = TakeFor(*poll, round);
        is_news = is_news || verdict.has_value();
        breach = breach || verdict == model::Verdict::kBreach;
      }
    }
    if (is_news) wake_(key, breach);
  }

  Results Get(const ObjectKey& key) const {
    const std::scoped_lock lock(mutex_);
    Results results;
    const auto it = entries_.find(key);
    if (it == entries_.end()) return results;
    const base::SteadyTime steady = clock_.SteadyNow();
    const base::WallTime now = clock_.WallNow();
    for (const auto& [name, poll] : it->second.polls) results[name] = poll->seen.At(steady, now);
    return results;
  }

  [[nodiscard]] std::uint64_t queries() const {
    const std::scoped_lock lock(mutex_);
    return queries_;
  }

  [[nodiscard]] std::map<model::Verdict, std::uint64_t> answers() const {
    const std::scoped_lock lock(mutex_);
    return answers_;
  }

  /// Nothing is asked any more once it returns.
  void Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [this] { return asking_ == 0; });
  }

 private:
  /// Somebody hands queries to the transport, which must not end meanwhile.
  class Asking {
   public:
    Asking(Impl& impl, const Poll& poll, std::size_t queries) : impl_(impl) {
      const std::scoped_lock lock(impl_.mutex_);
      allowed_ = !impl_.closed_ && !poll.cancelled;
      if (allowed_) impl_.queries_ += queries;
      ++impl_.asking_;
    }
    ~Asking() {
      const std::scoped_lock lock(impl_.mutex_);
      if (--impl_.asking_ == 0 && impl_.closed_) impl_.changed_.notify_all();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;
    [[nodiscard]] bool allowed() const { return allowed_; }

   private:
    Impl& impl_;
    bool allowed_ = false;
  };

  std::optional<base::SteadyTime> AskDue(std::unique_lock<std::mutex>& lock) {
    while (!heap_.empty()) {
      if (heap_.top().first > clock_.SteadyNow()) return heap_.top().first;
      const auto [due, poll] = heap_.top();
      heap_.pop();
      if (!poll->cancelled && poll->due == due) Start(poll, lock);  // else it was put forward
    }
    return std::nullopt;
  }

  /// The first poll came at once; the later ones keep to the metric's own place in the interval.
  base::SteadyTime NextDue(const Poll& poll) const {
    const auto interval = std::chrono::duration_cast<base::SteadyTime::duration>(poll.spec->interval);
    const auto ticks = static_cast<std::uint64_t>(std::max<base::SteadyTime::rep>(interval / kTick, 1));
    const auto place =
        kTick * static_cast<base::SteadyTime::rep>((std::hash<ObjectKey>()(poll.key) * 0x9E3779B97F4A7C15ULL >> 16U) % ticks);
    const auto since_epoch = clock_.SteadyNow().time_since_epoch() - place;
    return base::SteadyTime((since_epoch / interval + 1) * interval + place);
  }

  void Start(const PollPtr& poll, std::unique_lock<std::mutex>& lock) {
    poll->due = NextDue(*poll);
    heap_.emplace(poll->due, poll);
    if (poll->open > 0) return;
    const std::size_t queries = poll->refused.empty() ? Prepare(*poll, clock_.WallNow()) : 0;
    poll->open = static_cast<int>(queries);
    const std::string refused = poll->refused;
    lock.unlock();
    if (queries > 0) AskAll(poll, queries);
    if (!refused.empty()) Refuse(poll);
    lock.lock();
  }

  http::SendOptions OptionsFor(const Poll& poll) const {
    const bool is_range = poll.counting && !poll.counting->asked.instants.IsOne();
    http::SendOptions options;
    options.deadline = std::clamp(poll.spec->interval, kLeastDeadline, kMostDeadline);
    options.max_body = is_range ? providers::kMaxRangeBody : providers::kMaxBody;
    return options;
  }

  /// First the way to ask, for which Secrets may have to be read; then all queries at once.
  void AskAll(const PollPtr& poll, std::size_t queries) {
    sources_.Open(poll->asker, *poll->metric, [self = shared_from_this(), poll, queries](base::Result<MetricAccess> access) {
      const Asking asking(*self, *poll, access ? queries : 0);
      if (!asking.allowed()) return;
      if (access) poll->access = std::move(*access);
      for (std::size_t i = 0; i < queries; ++i) access ? self->Ask(poll, i) : self->Failed(poll, i, access.error());
    });
  }

  void Ask(const PollPtr& poll, std::size_t index) {
    auto request = RequestOf(*poll, index);
    if (!request) return Failed(poll, index, request.error());
    if (auto carries = poll->access.authentication.AddTo(*request); !carries) {
      sources_.Refused(poll->asker, *poll->metric);
      return Failed(poll, index, carries.error());
    }
    transport_.Send(std::move(*request), OptionsFor(*poll),
                    [self = shared_from_this(), poll, index](base::Result<http::Response> response) {
                      if (!response) return self->Failed(poll, index, response.error());
                      poll->access.authentication.HideIn(*response);
                      if (response->status == 401 || response->status == 403) self->sources_.Refused(poll->asker, *poll->metric);
                      self->Arrived(poll, index, *response);
                    });
  }

  void Arrived(const PollPtr& poll, std::size_t index, const http::Response& response) {
    const providers::MetricProvider& provider = *poll->access.provider;
    if (!poll->counting) return Answered(poll, index, provider.Parse(response));
    Counted(poll, index, ReadAnswer(provider, poll->counting->plan, index, poll->counting->asked.instants, response));
  }

  void Failed(const PollPtr& poll, std::size_t index, const base::Error& error) {
    std::string why = error.message.substr(0, providers::kMaxMessage);
    if (poll->counting) return Counted(poll, index, {std::move(why), {}, {}});
    Answered(poll, index, {model::Reading::Kind::kError, 0, std::move(why)});
  }

  void Answered(const PollPtr& poll, std::size_t index, model::Reading reading) {
    bool breach = false;
    {
      const std::scoped_lock lock(mutex_);
      (index == 0 ? poll->sample.first : poll->sample.second) = std::move(reading);
      if (--poll->open > 0 || poll->cancelled) return;
      poll->sample.at = clock_.WallNow();
      analysis::Step step = analysis::Judge(*poll->metric, poll->state, poll->sample);
      poll->state = std::move(step.state);
      breach = step.judgement.verdict == model::Verdict::kBreach;
      if (breach || step.judgement.verdict == model::Verdict::kPass) poll->seen.NoteDecisive(step.judgement, clock_.SteadyNow());
      Note(*poll, std::move(step.judgement));
    }
    wake_(poll->key, breach);
  }

  void Counted(const PollPtr& poll, std::size_t index, CountAnswer answer) {
    bool breach = false;
    {
      const std::scoped_lock lock(mutex_);
      Counting& counting = *poll->counting;
      counting.asked.answers[index] = std::move(answer);
      if (--poll->open > 0 || poll->cancelled) return;
      const base::WallTime now = clock_.WallNow();
      CountResult result = TakeAnswers(counting.plan, std::move(counting.memory), counting.asked, counting.stage, now);
      counting.memory = std::move(result.memory);
      if (result.view) poll->seen.NoteCounts(std::move(result.view));
      // A replay goes on at once, and is judged at its end.
      const bool more = counting.memory.asked_until && NextInstants(counting.memory, now, poll->spec->interval, poll->spec->delay);
      if (more && result.judgement.verdict != model::Verdict::kError) {
        poll->due = clock_.SteadyNow();
        heap_.emplace(poll->due, poll);
        changed_.notify_all();
      }
      breach = result.judgement.verdict == model::Verdict::kBreach;
      Note(*poll, std::move(result.judgement));
    }
    wake_(poll->key, breach);
  }

  /// The verdict where somebody is to look at it: rounds come more often than a migration needs to be looked at.
  std::optional<model::Verdict> TakeFor(Poll& poll, const BridgeRound& round) SM_REQUIRES(mutex_) {
    const base::SteadyTime steady = clock_.SteadyNow();
    const auto& before = poll.seen.latest();
    auto result = TakeRound(poll, round, clock_.WallNow());
    if (!result) return std::nullopt;
    const model::Verdict verdict = result->judgement.verdict;
    const bool is_news = !before || before->verdict != verdict || verdict == model::Verdict::kBreach || steady >= poll.due;
    if (is_news) poll.due = steady + poll.spec->interval;
    if (poll.counting) poll.counting->memory = std::move(result->memory);
    if (result->view) poll.seen.NoteCounts(std::move(result->view));
    Note(poll, std::move(result->judgement));
    return is_news ? std::optional(verdict) : std::nullopt;
  }

  /// A metric that cannot be asked says so each time, as an answer would.
  void Refuse(const PollPtr& poll) {
    {
      const std::scoped_lock lock(mutex_);
      if (poll->cancelled) return;
      analysis::Judgement judgement;
      judgement.verdict = model::Verdict::kError;
      judgement.at = judgement.window_start = clock_.WallNow();
      judgement.evidence = poll->refused;
      Note(*poll, std::move(judgement));
    }
    wake_(poll->key, false);
  }

  void Note(Poll& poll, analysis::Judgement judgement) SM_REQUIRES(mutex_) {
    ++answers_[judgement.verdict];
    poll.seen.Note(std::move(judgement), clock_.SteadyNow());
  }

  http::HttpTransport& transport_;
  MetricSources& sources_;
  const base::Clock& clock_;
  const Wake wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::unordered_map<ObjectKey, Entry> entries_ SM_GUARDED_BY(mutex_);
  std::priority_queue<std::pair<base::SteadyTime, PollPtr>, std::vector<std::pair<base::SteadyTime, PollPtr>>, Later> heap_
      SM_GUARDED_BY(mutex_);
  std::uint64_t queries_ SM_GUARDED_BY(mutex_) = 0;
  std::map<model::Verdict, std::uint64_t> answers_ SM_GUARDED_BY(mutex_);
  int asking_ SM_GUARDED_BY(mutex_) = 0;
  bool closed_ SM_GUARDED_BY(mutex_) = false;
  // Last member: its thread uses all of the above.
  friend class MetricPoller;
  std::jthread thread_;
};

MetricPoller::MetricPoller(http::HttpTransport& transport, MetricSources& sources, const base::Clock& clock, Wake wake)
    : impl_(std::make_shared<Impl>(transport, sources, clock, std::move(wake))) {}

void MetricPoller::Start() {
  impl_->thread_ = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->Run(stop); });
}

MetricPoller::~MetricPoller() { Stop(); }

void MetricPoller::Want(const ObjectKey& key, Wanted wanted, const model::Status& status) { impl_->Want(key, std::move(wanted), status); }
void MetricPoller::Forget(const ObjectKey& key) { impl_->Forget(key); }
void MetricPoller::Take(const ObjectKey& key, const BridgeRound& round) { impl_->Take(key, round); }
MetricPoller::Results MetricPoller::Get(const ObjectKey& key) const { return impl_->Get(key); }
std::optional<base::SteadyTime> MetricPoller::AskDue() { return impl_->AskDue(); }
std::uint64_t MetricPoller::queries() const { return impl_->queries(); }
std::map<model::Verdict, std::uint64_t> MetricPoller::answers() const { return impl_->answers(); }

void MetricPoller::Stop() {
  impl_->thread_.request_stop();
  if (impl_->thread_.joinable()) impl_->thread_.join();
  impl_->Close();
}

}  // namespace softmig::reconcile
