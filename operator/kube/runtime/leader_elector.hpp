#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

struct LeaseOptions {
  ObjectKey lease;
  std::string identity;                ///< unique per process: pod name + random suffix
  base::Millis duration{6'000};        ///< others may take over this long after the last renewal they saw
  base::Millis renew_deadline{4'000};  ///< we stop writing this long after the start of our last renewal
  base::Millis retry{1'500};           ///< between renewals, and between looks of a follower (it also looks right at expiry)
};

/// Tells whether a write may still be sent: `now < start of last successful renewal + renew_deadline`. Thread-safe, lock-free.
class Fence {
 public:
  explicit Fence(const base::Clock& clock) : clock_(clock) {}
  [[nodiscard]] bool MayWrite() const { return clock_.SteadyNow().time_since_epoch().count() < until_.load(); }
  void ExtendUntil(base::SteadyTime until) { until_.store(until.time_since_epoch().count()); }
  void Close() { until_.store(0); }

 private:
  const base::Clock& clock_;
  std::atomic<base::SteadyTime::rep> until_{0};
};

/// Holds a coordination.k8s.io/v1 Lease. Own thread from construction. Renewal is one PUT guarded by resourceVersion.
/// A follower watches the lease (a Reflector on that one name) and takes over `duration` after the last change it saw, by its own steady
/// clock. Destruction while leading closes the fence first and then gives the lease back (holder "" with 1 s).
class LeaderElector {
 public:
  /// What it works with; all must outlive the elector.
  struct Parts {
    RestClient& client;
    Fence& fence;
    const base::Clock& clock;
    base::Log& log;
  };
  struct Callbacks {
    std::function<void()> on_started;  ///< we lead; the fence is open
    std::function<void()> on_stopped;  ///< we do not lead any more; the fence was closed before
  };
  /// kInvalid unless duration > renew_deadline > 1.2·retry.
  static base::Result<std::unique_ptr<LeaderElector>> Start(LeaseOptions options, const Parts& parts, Callbacks callbacks);
  ~LeaderElector();
  [[nodiscard]] bool leading() const;

 private:
  class Impl;
  explicit LeaderElector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::kube
