#include "kube/runtime/leader_elector.hpp"

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/mutex.hpp"
#include "kube/core/known_types.hpp"
#include "kube/runtime/lease_protocol.hpp"
#include "kube/runtime/reflector.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kReleaseDeadline{700};
/// The clock given may not be the machine's: it is looked at this often at least.
constexpr base::Millis kLookAgain{500};

ReflectorOptions WatchOptions(const ObjectKey& lease) {
  ReflectorOptions options;
  options.type = kLeases;
  options.ns = lease.ns;
  options.field_selector = "metadata.name=" + lease.name;
  return options;
}

/// Holds the newest lease that the watch saw until the elector's thread takes it. Thread-safe.
class LeaseMailbox final : public ReflectorSink {
 public:
  explicit LeaseMailbox(const base::Clock& clock) : clock_(clock) {}

  void OnRestart() override {}
  void OnSynced() override {}
  void OnDeleted(const nlohmann::json&) override {}  // the elector sees it at its next look
  void OnApplied(const nlohmann::json& lease) override {
    {
      const std::lock_guard lock(mutex_);
      newest_ = std::make_unique<nlohmann::json>(lease);
      seen_ = clock_.SteadyNow();
    }
    arrived_.notify_one();
  }

  /// Waits for `longest`, a lease, or `stop`; gives the lease, if any, to `protocol`.
  void DeliverTo(LeaseProtocol& protocol, base::Millis longest, const std::stop_token& stop) {
    std::unique_ptr<nlohmann::json> lease;
    base::SteadyTime seen;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, stop, longest, [this] { return newest_ != nullptr; });
      lease = std::move(newest_);
      seen = seen_;
    }
    if (lease) protocol.Observe(*lease, seen);
  }

 private:
  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::unique_ptr<nlohmann::json> newest_ SM_GUARDED_BY(mutex_);
  base::SteadyTime seen_ SM_GUARDED_BY(mutex_);
};

}  // namespace

/// The protocol on a thread of its own; that thread also calls the callbacks and holds the follower's watch.
class LeaderElector::Impl {
 public:
  Impl(LeaseOptions options, const Parts& parts, Callbacks callbacks)
      : lease_(options.lease),
        client_(parts.client),
        fence_(parts.fence),
        clock_(parts.clock),
        log_(parts.log),
        callbacks_(std::move(callbacks)),
        mailbox_(parts.clock),
        protocol_(std::move(options), parts.client, parts.fence, parts.clock, parts.log),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  [[nodiscard]] bool leading() const { return leading_.load(); }

 private:
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const LeaseProtocol::Outcome outcome = protocol_.Tick(stop);
      Tell(outcome.change);
      if (stop.stop_requested()) break;
      KeepWatch();
      const auto left = std::chrono::ceil<base::Millis>(outcome.next - clock_.SteadyNow());
      mailbox_.DeliverTo(protocol_, std::clamp(left, base::Millis(0), kLookAgain), stop);
    }
    fence_.Close();
    watch_.reset();
    protocol_.Release(kReleaseDeadline);
    if (leading_.load()) Tell(LeaseProtocol::Change::kStopped);
  }

  void Tell(LeaseProtocol::Change change) {
    if (change == LeaseProtocol::Change::kNone) return;
    leading_.store(change == LeaseProtocol::Change::kStarted);
    const auto& callback = leading_.load() ? callbacks_.on_started : callbacks_.on_stopped;
    if (callback) callback();
  }

  /// Only a follower watches: the leader's own renewals would come back to it.
  void KeepWatch() {
    if (protocol_.leading()) {
      watch_.reset();
    } else if (!watch_) {
      watch_ = std::make_unique<Reflector>(WatchOptions(lease_), client_, mailbox_, clock_, log_);
    }
  }

  const ObjectKey lease_;
  RestClient& client_;
  Fence& fence_;
  const base::Clock& clock_;
  base::Log& log_;
  const Callbacks callbacks_;
  LeaseMailbox mailbox_;
  LeaseProtocol protocol_;            // elector's thread only
  std::unique_ptr<Reflector> watch_;  // elector's thread only
  std::atomic<bool> leading_{false};
  std::jthread thread_;  // last: stops before anything it uses is gone
};

base::Result<std::unique_ptr<LeaderElector>> LeaderElector::Start(LeaseOptions options, const Parts& parts, Callbacks callbacks) {
  const bool ordered = options.duration > options.renew_deadline && options.renew_deadline * 5 > options.retry * 6;
  if (!ordered || options.retry <= base::Millis(0)) {
    return base::Fail(base::ErrorCode::kInvalid, "a lease needs duration > renew deadline > 1.2 x retry > 0");
  }
  if (options.identity.empty() || options.lease.name.empty() || options.lease.ns.empty()) {
    return base::Fail(base::ErrorCode::kInvalid, "a lease needs a namespace, a name and an identity");
  }
  auto impl = std::make_unique<Impl>(std::move(options), parts, std::move(callbacks));
  return std::unique_ptr<LeaderElector>(new LeaderElector(std::move(impl)));
}

LeaderElector::LeaderElector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LeaderElector::~LeaderElector() = default;

bool LeaderElector::leading() const { return impl_->leading(); }

}  // namespace softmig::kube
