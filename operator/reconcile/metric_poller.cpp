#include "reconcile/metric_poller.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

#include "analysis/judge.hpp"
#include "base/mutex.hpp"
#include "decide/decide.hpp"
#include "providers/template.hpp"

namespace softmig::reconcile {
namespace {

using kube::ObjectKey;
using Name = std::pair<std::string, std::string>;

constexpr base::Millis kLeastDeadline{2'000};
constexpr base::Millis kMostDeadline{10'000};

/// One metric of one component. Shared with the transport's callbacks while a poll is under way.
struct Poll {
  ObjectKey key;
  std::shared_ptr<const model::Spec> spec;  // keeps `metric` alive
  const model::MetricSpec* metric = nullptr;
  std::string component;
  std::vector<std::string> queries;  // one for a value; bad and total for counts
  base::SteadyTime due{};
  bool cancelled = false;
  int open = 0;  // answers still awaited
  model::Sample sample;
  analysis::MetricState state;
  decide::MetricObservation seen;
};
using PollPtr = std::shared_ptr<Poll>;

struct Later {
  bool operator()(const std::pair<base::SteadyTime, PollPtr>& a, const std::pair<base::SteadyTime, PollPtr>& b) const {
    return a.first > b.first;
  }
};

std::vector<std::string> QueriesOf(const model::MetricSpec& metric, const providers::TemplateValues& values) {
  if (metric.value) return {providers::FillPlaceholders(metric.value->query, values)};
  return {providers::FillPlaceholders(metric.counts->bad, values), providers::FillPlaceholders(metric.counts->total, values)};
}

/// Status writes give an equal spec at another address; that changes nothing.
bool SameWish(const MetricPoller::Wanted& a, const MetricPoller::Wanted& b) {
  if (a.components != b.components || a.epoch != b.epoch) return false;
  return a.spec == b.spec || (a.spec && b.spec && *a.spec == *b.spec);
}

model::Reading FromError(const base::Error& error) { return {model::Reading::Kind::kError, 0, error.message.substr(0, 256)}; }

}  // namespace

class MetricPoller::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(http::HttpTransport& transport, const providers::MetricProvider& provider, const base::Clock& clock, Wake wake)
      : transport_(transport), provider_(provider), clock_(clock), wake_(std::move(wake)) {}

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

  void Want(const ObjectKey& key, Wanted wanted) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[key];
    if (SameWish(entry.wanted, wanted)) {
      entry.wanted.spec = std::move(wanted.spec);
      return;
    }
    const bool same_evidence = entry.wanted.epoch == wanted.epoch;
    std::map<Name, PollPtr> before = std::exchange(entry.polls, {});
    for (const std::string& component : wanted.components) {
      for (const model::MetricSpec& metric : wanted.spec->metrics) {
        if (!decide::Judges(metric, component)) continue;
        PollPtr poll = Make(key, *wanted.spec, metric, component);
        poll->spec = wanted.spec;
        if (const auto it = before.find({component, metric.name}); it != before.end() && same_evidence) Inherit(*poll, *it->second);
        heap_.emplace(poll->due, poll);
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

  Results Get(const ObjectKey& key) const {
    const std::scoped_lock lock(mutex_);
    Results results;
    const auto it = entries_.find(key);
    if (it == entries_.end()) return results;
    for (const auto& [name, poll] : it->second.polls) results[name] = poll->seen;
    return results;
  }

  [[nodiscard]] std::uint64_t queries() const {
    const std::scoped_lock lock(mutex_);
    return queries_;
  }

 private:
  struct Entry {
    Wanted wanted;
    std::map<Name, PollPtr> polls;
  };

  std::optional<base::SteadyTime> AskDue(std::unique_lock<std::mutex>& lock) {
    while (!heap_.empty()) {
      if (heap_.top().first > clock_.SteadyNow()) return heap_.top().first;
      const PollPtr poll = heap_.top().second;
      heap_.pop();
      if (!poll->cancelled) Start(poll, lock);
    }
    return std::nullopt;
  }

  PollPtr Make(const ObjectKey& key, const model::Spec& spec, const model::MetricSpec& metric, const std::string& component) {
    auto poll = std::make_shared<Poll>();
    poll->key = key;
    poll->metric = &metric;
    poll->component = component;
    poll->queries = QueriesOf(metric, {key.ns, key.name, component, spec.legacy.service, spec.target.service});
    poll->due = clock_.SteadyNow();
    return poll;
  }

  static void Inherit(Poll& poll, const Poll& before) {
    poll.state = before.state;
    poll.seen = before.seen;
    poll.due = before.due;
  }

  /// The first poll came at once; the later ones keep to the metric's own place in the interval.
  base::SteadyTime NextDue(const Poll& poll) const {
    const auto interval = std::chrono::duration_cast<base::SteadyTime::duration>(poll.spec->interval);
    const auto place = base::SteadyTime::duration(static_cast<base::SteadyTime::rep>(
        (std::hash<ObjectKey>()(poll.key) * 0x9E3779B97F4A7C15ULL >> 16U) % static_cast<std::uint64_t>(interval.count())));
    const auto since_epoch = clock_.SteadyNow().time_since_epoch() - place;
    return base::SteadyTime((since_epoch / interval + 1) * interval + place);
  }

  void Start(const PollPtr& poll, std::unique_lock<std::mutex>& lock) {
    poll->due = NextDue(*poll);
    heap_.emplace(poll->due, poll);
    if (poll->open > 0) return;
    poll->open = static_cast<int>(poll->queries.size());
    poll->sample = {};
    poll->sample.asked_at = clock_.WallNow();
    queries_ += poll->queries.size();
    lock.unlock();
    for (std::size_t i = 0; i < poll->queries.size(); ++i) Ask(poll, i);
    lock.lock();
  }

  void Ask(const PollPtr& poll, std::size_t index) {
    auto request = provider_.Request({poll->metric->address, poll->queries[index], poll->sample.asked_at});
    if (!request) return Answered(poll, index, FromError(request.error()));
    http::SendOptions options;
    options.deadline = std::clamp(poll->spec->interval, kLeastDeadline, kMostDeadline);
    options.max_body = 1U << 20U;
    transport_.Send(std::move(*request), std::move(options),
                    [self = shared_from_this(), poll, index](const base::Result<http::Response>& response) {
                      self->Answered(poll, index, response ? self->provider_.Parse(*response) : FromError(response.error()));
                    });
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
      if (breach || step.judgement.verdict == model::Verdict::kPass) poll->seen.decisive = step.judgement;
      if (!breach) poll->seen.breach_since.reset();
      if (breach && !poll->seen.breach_since) poll->seen.breach_since = poll->sample.at;
      poll->seen.latest = std::move(step.judgement);
    }
    wake_(poll->key, breach);
  }

  http::HttpTransport& transport_;
  const providers::MetricProvider& provider_;
  const base::Clock& clock_;
  const Wake wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::unordered_map<ObjectKey, Entry> entries_ SM_GUARDED_BY(mutex_);
  std::priority_queue<std::pair<base::SteadyTime, PollPtr>, std::vector<std::pair<base::SteadyTime, PollPtr>>, Later> heap_
      SM_GUARDED_BY(mutex_);
  std::uint64_t queries_ SM_GUARDED_BY(mutex_) = 0;
  // Last member: its thread uses all of the above.
  friend class MetricPoller;
  std::jthread thread_;
};

MetricPoller::MetricPoller(http::HttpTransport& transport, const providers::MetricProvider& provider, const base::Clock& clock, Wake wake)
    : impl_(std::make_shared<Impl>(transport, provider, clock, std::move(wake))) {}

void MetricPoller::Start() {
  impl_->thread_ = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->Run(stop); });
}

MetricPoller::~MetricPoller() { Stop(); }

void MetricPoller::Want(const ObjectKey& key, Wanted wanted) { impl_->Want(key, std::move(wanted)); }
void MetricPoller::Forget(const ObjectKey& key) { impl_->Forget(key); }
MetricPoller::Results MetricPoller::Get(const ObjectKey& key) const { return impl_->Get(key); }
std::optional<base::SteadyTime> MetricPoller::AskDue() { return impl_->AskDue(); }
std::uint64_t MetricPoller::queries() const { return impl_->queries(); }

void MetricPoller::Stop() {
  impl_->thread_.request_stop();
  if (impl_->thread_.joinable()) impl_->thread_.join();
}

}  // namespace softmig::reconcile
