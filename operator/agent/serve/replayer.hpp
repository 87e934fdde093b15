#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "agent/capture/captured_exchange.hpp"
#include "agent/capture/watch_plan.hpp"
#include "agent/serve/breaker.hpp"
#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "compare/answer.hpp"
#include "http/transport.hpp"

namespace softmig::agent {

struct ReplayOptions {
  std::array<std::string, 2> urls;  ///< legacy's, the target's: scheme, host and port
  std::size_t most_in_flight = 32;
  std::size_t most_waiting = 256;
  base::Millis deadline{5'000};          ///< of one request, all of it
  std::size_t most_body = 1U << 20U;     ///< bytes of an answer that are kept; the rest is cut
  std::size_t longest_body = 8U << 20U;  ///< a longer answer is none
};

/// The other system's answer, or why there is none.
using Replied = std::variant<compare::Answer, compare::Failure>;
/// Or why nobody was asked: kStopping or kBreakerOpen.
using Reply = std::expected<Replied, compare::Reason>;

/// Asks the system that did not serve the user the same again; of a control, legacy. Never waits: what does not fit into the queue is given
/// back at once, and so is most of what a side is to be asked that keeps failing (breaker.hpp). Controls leave half of the queue to others.
/// Memory: what waits has its own reservations; what is in flight holds most_in_flight * longest_body at the very most. Thread-safe.
class Replayer {
 public:
  /// Gets each exchange that Submit took, exactly once, with the answer of the side that was asked, or why it was not.
  /// Runs on the transport's thread or on the one that stops: must hand over and return.
  using Done = std::function<void(CapturedExchange, Reply)>;

  /// `plan` and `clock` must outlive it; `transport` must be destroyed (ending all callbacks) after Stop and before the replayer.
  Replayer(http::HttpTransport& transport, const WatchPlan& plan, const base::Clock& clock, ReplayOptions options, Done done);

  /// Why nothing was taken: kBufferFull, kStopping or kBreakerOpen; nothing where it was.
  [[nodiscard]] std::optional<compare::Reason> Submit(CapturedExchange& exchange);
  /// Nothing is sent from now on; what waits is given back without an answer.
  void Stop();
  /// Whether a side keeps failing, so that most of its repeats are dropped.
  [[nodiscard]] bool IsBreakerOpen(compare::Side side) const;

 private:
  void Send(CapturedExchange exchange);
  void OnReplied(CapturedExchange exchange, base::Result<http::Response> result);
  void SendNext();
  /// What waited longest; the place of what has been replied to is given back where nothing waits.
  std::optional<CapturedExchange> TakeNext();
  [[nodiscard]] bool Admit(const CapturedExchange& exchange);
  Breaker& BreakerOf(const CapturedExchange& exchange) SM_REQUIRES(mutex_);

  http::HttpTransport& transport_;
  const WatchPlan& plan_;
  const base::Clock& clock_;
  const ReplayOptions options_;
  const Done done_;
  mutable std::mutex mutex_;
  std::deque<CapturedExchange> waiting_ SM_GUARDED_BY(mutex_);
  std::size_t in_flight_ SM_GUARDED_BY(mutex_) = 0;
  bool stopped_ SM_GUARDED_BY(mutex_) = false;
  std::array<Breaker, 2> breakers_ SM_GUARDED_BY(mutex_);  // legacy's, the target's
};

/// The request as it is sent to `url`: marked as a copy, with the user's authority in a header of its own. Exposed for tests.
http::Request ReplayOf(const CapturedRequest& request, const std::string& url);

}  // namespace softmig::agent
