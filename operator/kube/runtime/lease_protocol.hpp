#pragma once

// One contender for a Lease, without threads.
//
//              GET: absent → POST;  holder empty, expired or ourselves → PUT
//   ┌──────────┐ ──────────── accepted: fence open until start + renew_deadline ─────────► ┌─────────┐
//   │ follower │                                                                           │ leading │──┐ PUT every `retry`
//   └──────────┘ ◄── another holder, lease gone, or no renewal accepted in renew_deadline ─ └─────────┘◄─┘ (fence: from its start)
//        ▲                              (the fence is closed first)                              │
//        └──────────────────────── Release: fence closed, PUT holder "" with 1 s ◄───────────────┘
//
// A follower counts the lease's duration from when it itself saw the last change, by its own steady clock: clocks of machines are
// never compared. Every PUT carries the resourceVersion that was read, so of several contenders one wins.
// A renewal that ends in a conflict is looked at again: our own earlier, timed-out PUT may have been applied.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "kube/runtime/leader_elector.hpp"

namespace softmig::kube {

/// The Lease fields we use.
struct LeaseRecord {
  std::string holder, renew_time, resource_version;
  std::int64_t duration_seconds = 0;
  std::int64_t transitions = 0;
};

/// See the diagram. Not thread-safe: the elector's thread owns it; tests drive it with a clock of their own.
class LeaseProtocol {
 public:
  enum class Change { kNone, kStarted, kStopped };
  struct Outcome {
    Change change = Change::kNone;
    base::SteadyTime next;  ///< call Tick again then, or after Observe
  };

  LeaseProtocol(LeaseOptions options, RestClient& client, Fence& fence, const base::Clock& clock, base::Log& log);
  ~LeaseProtocol();

  /// A follower's watch saw the lease at `seen`. Ignored while leading.
  void Observe(const nlohmann::json& lease, base::SteadyTime seen);
  /// Does what is due: at most a few requests, each bounded; cut short by `stop`.
  Outcome Tick(const std::stop_token& stop);
  /// Gives the lease back where we lead; blocks for at most `deadline`.
  void Release(base::Millis deadline);
  [[nodiscard]] bool leading() const { return leading_; }

 private:
  Outcome Follow(const std::stop_token& stop);
  Outcome Lead(const std::stop_token& stop);
  Outcome Stopped(const char* why);
  Outcome Started(base::SteadyTime start);
  base::Status Look(const std::stop_token& stop);
  base::Status Write(const std::stop_token& stop, base::SteadyTime start);
  void Remember(const nlohmann::json& lease, base::SteadyTime seen);
  [[nodiscard]] base::SteadyTime FreeAt() const;
  [[nodiscard]] base::Millis CallDeadline() const;
  [[nodiscard]] nlohmann::json Claim(bool renewing) const;

  const LeaseOptions options_;
  RestClient& client_;
  Fence& fence_;
  const base::Clock& clock_;
  base::Log& log_;
  bool leading_ = false;
  base::SteadyTime fence_until_;  // as the fence has it
  base::SteadyTime renew_at_;
  base::SteadyTime look_at_;               // a follower reads the lease then
  base::SteadyTime try_at_;                // a follower does not claim before
  std::unique_ptr<nlohmann::json> lease_;  // as last seen; null: absent or never seen
  bool seen_absent_ = false;
  LeaseRecord record_;
  base::SteadyTime changed_at_;  // when we saw record_ first
};

}  // namespace softmig::kube
