#include "kube/runtime/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <tuple>

#include "base/mutex.hpp"

namespace softmig::kube {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

const Histogram::BucketBoundaries kReconcileBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
const Histogram::BucketBoundaries kQueueBuckets{1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000};
const Histogram::BucketBoundaries kRequestBuckets{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

Family<Counter>& Counters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& Gauges(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& Histograms(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

struct ControllerFamilies {
  explicit ControllerFamilies(Registry& r)
      : total(Counters(r, "controller_runtime_reconcile_total", "Reconciles by result")),
        errors(Counters(r, "controller_runtime_reconcile_errors_total", "Reconciles that failed")),
        time(Histograms(r, "controller_runtime_reconcile_time_seconds", "Duration of a reconcile")),
        max(Gauges(r, "controller_runtime_max_concurrent_reconciles", "Workers configured")),
        active(Gauges(r, "controller_runtime_active_workers", "Workers that reconcile now")) {}
  Family<Counter>& total;
  Family<Counter>& errors;
  Family<Histogram>& time;
  Family<Gauge>& max;
  Family<Gauge>& active;
};

struct QueueFamilies {
  explicit QueueFamilies(Registry& r)
      : depth(Gauges(r, "workqueue_depth", "Keys that wait and are due")),
        adds(Counters(r, "workqueue_adds_total", "Keys added")),
        queued(Histograms(r, "workqueue_queue_duration_seconds", "How long keys waited")),
        worked(Histograms(r, "workqueue_work_duration_seconds", "How long keys were worked on")),
        unfinished(Gauges(r, "workqueue_unfinished_work_seconds", "Sum of the durations of all work in progress")),
        longest(Gauges(r, "workqueue_longest_running_processor_seconds", "Duration of the longest work in progress")),
        retries(Counters(r, "workqueue_retries_total", "Keys added again after a failure")) {}
  Family<Gauge>& depth;
  Family<Counter>& adds;
  Family<Histogram>& queued;
  Family<Histogram>& worked;
  Family<Gauge>& unfinished;
  Family<Gauge>& longest;
  Family<Counter>& retries;
};

class ControllerNumbers final : public ControllerMetrics {
 public:
  ControllerNumbers(ControllerFamilies& f, const std::string& name)
      : success_(f.total.Add({{"controller", name}, {"result", "success"}})),
        error_(f.total.Add({{"controller", name}, {"result", "error"}})),
        requeue_(f.total.Add({{"controller", name}, {"result", "requeue"}})),
        requeue_after_(f.total.Add({{"controller", name}, {"result", "requeue_after"}})),
        errors_(f.errors.Add({{"controller", name}})),
        time_(f.time.Add({{"controller", name}}, kReconcileBuckets)),
        max_(f.max.Add({{"controller", name}})),
        active_(f.active.Add({{"controller", name}})) {}

  void SetWorkers(int configured) override { max_.Set(configured); }
  void OnStart() override { active_.Increment(); }
  void OnEnd(ReconcileResult result, double seconds) override {
    active_.Decrement();
    time_.Observe(seconds);
    switch (result) {
      case ReconcileResult::kSuccess: success_.Increment(); break;
      case ReconcileResult::kRequeue: requeue_.Increment(); break;
      case ReconcileResult::kRequeueAfter: requeue_after_.Increment(); break;
      case ReconcileResult::kError:
        error_.Increment();
        errors_.Increment();
        break;
    }
  }

 private:
  Counter& success_;
  Counter& error_;
  Counter& requeue_;
  Counter& requeue_after_;
  Counter& errors_;
  Histogram& time_;
  Gauge& max_;
  Gauge& active_;
};

class QueueNumbers final : public QueueObserver {
 public:
  QueueNumbers(QueueFamilies& f, const prometheus::Labels& labels)
      : depth_(f.depth.Add(labels)),
        adds_(f.adds.Add(labels)),
        queued_(f.queued.Add(labels, kQueueBuckets)),
        worked_(f.worked.Add(labels, kQueueBuckets)),
        unfinished_(f.unfinished.Add(labels)),
        longest_(f.longest.Add(labels)),
        retries_(f.retries.Add(labels)) {}

  void OnAdded() override { adds_.Increment(); }
  void OnRetry() override { retries_.Increment(); }
  void OnTaken(double waited_seconds) override { queued_.Observe(waited_seconds); }
  void OnDone(double worked_seconds) override { worked_.Observe(worked_seconds); }

  void Show(const QueueStats& stats) {
    depth_.Set(static_cast<double>(stats.depth));
    unfinished_.Set(stats.unfinished_seconds);
    longest_.Set(stats.longest_running_seconds);
  }

 private:
  Gauge& depth_;
  Counter& adds_;
  Histogram& queued_;
  Histogram& worked_;
  Gauge& unfinished_;
  Gauge& longest_;
  Counter& retries_;
};

}  // namespace

class Metrics::Impl {
 public:
  ControllerMetrics& Controller(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return controllers_.try_emplace(name, controller_families_, name).first->second;
  }

  QueueObserver& Queue(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return QueueNumbersOf(name);
  }

  void Attach(const std::string& name, const WorkQueue* queue) {
    const std::lock_guard lock(mutex_);
    QueueNumbersOf(name);
    attached_[name] = queue;
  }

  void CountRequest(const std::string& host, std::string_view verb, std::string_view code, double seconds) {
    Counter* counter = nullptr;
    Histogram* histogram = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const std::string method(verb);
      const std::string status(code);
      Counter*& requests = requests_[{host, method, status}];
      if (requests == nullptr) requests = &request_family_.Add({{"host", host}, {"method", method}, {"code", status}});
      Histogram*& durations = durations_[{host, method}];
      if (durations == nullptr) durations = &duration_family_.Add({{"host", host}, {"verb", method}}, kRequestBuckets);
      counter = requests;
      histogram = durations;
    }
    counter->Increment();
    histogram->Observe(seconds);
  }

  void SetLeading(const std::string& lease, bool leading) { leading_family_.Add({{"name", lease}}).Set(leading ? 1 : 0); }

  std::string Expose() {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, queue] : attached_) {
      if (queue != nullptr) QueueNumbersOf(name).Show(queue->Stats());
    }
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

  Registry& registry() { return registry_; }

 private:
  QueueNumbers& QueueNumbersOf(const std::string& name) SM_REQUIRES(mutex_) {
    const prometheus::Labels labels{{"name", name}, {"controller", name}};
    return queues_.try_emplace(name, queue_families_, labels).first->second;
  }

  Registry registry_;
  ControllerFamilies controller_families_{registry_};
  QueueFamilies queue_families_{registry_};
  Family<Counter>& request_family_ = Counters(registry_, "rest_client_requests_total", "Requests to the API server");
  Family<Histogram>& duration_family_ = Histograms(registry_, "rest_client_request_duration_seconds", "Duration of requests");
  Family<Gauge>& leading_family_ = Gauges(registry_, "leader_election_master_status", "1 where this process leads");
  std::mutex mutex_;
  std::map<std::string, ControllerNumbers> controllers_ SM_GUARDED_BY(mutex_);
  std::map<std::string, QueueNumbers> queues_ SM_GUARDED_BY(mutex_);
  std::map<std::string, const WorkQueue*> attached_ SM_GUARDED_BY(mutex_);
  std::map<std::tuple<std::string, std::string, std::string>, Counter*> requests_ SM_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, Histogram*> durations_ SM_GUARDED_BY(mutex_);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

ControllerMetrics& Metrics::Controller(const std::string& name) { return impl_->Controller(name); }
QueueObserver& Metrics::Queue(const std::string& name) { return impl_->Queue(name); }
void Metrics::Attach(const std::string& name, const WorkQueue& queue) { impl_->Attach(name, &queue); }
void Metrics::Detach(const std::string& name) { impl_->Attach(name, nullptr); }
RequestObserver Metrics::ClientObserver(const std::string& host) {
  return [impl = impl_.get(), host](std::string_view verb, std::string_view code, double seconds) {
    impl->CountRequest(host, verb, code, seconds);
  };
}
void Metrics::SetLeading(const std::string& lease, bool leading) { impl_->SetLeading(lease, leading); }
std::string Metrics::Expose() const { return impl_->Expose(); }
prometheus::Registry& Metrics::registry() { return impl_->registry(); }

}  // namespace softmig::kube
