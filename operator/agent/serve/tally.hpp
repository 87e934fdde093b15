#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/capture/captured_exchange.hpp"
#include "agent/capture/watch_plan.hpp"
#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "compare/difference_sample.hpp"
#include "compare/value_digest.hpp"
#include "compare/verdict.hpp"
#include "compare/verdict_counts.hpp"

namespace softmig::agent {

/// What became of the streams. opened = refused + skipped + eligible + those whose request has not come yet.
struct StreamCounts {
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;
  std::array<std::uint64_t, kSkips> skipped{};
};

/// Everything that the agent counts, since it began. Thread-safe.
class Tally {
 public:
  /// `clock` must outlive it. `epoch`: another one each time the agent begins.
  Tally(const std::string& epoch, const WatchPlan& plan, compare::ValueDigest digest, const base::Clock& clock);

  void CountOpened();
  void CountRefused();
  void CountSkipped(Skip skip);
  void CountEligible(std::size_t component);
  /// REQUIRES, as the next ones: CountEligible was called for it.
  void CountDropped(std::size_t component, compare::Reason reason);
  /// The target failed where it was in charge.
  void CountFellBack(std::size_t component);
  /// The outcome has to be fresh: its values are views.
  void CountVerdict(std::size_t component, const compare::Outcome& outcome);

  /// VerdictCounts::ToJson with "streams": {"opened", "refused", "skipped": {…}} beside it.
  [[nodiscard]] nlohmann::json CountsJson() const;
  /// DifferenceSample::ToJson with the epoch.
  [[nodiscard]] nlohmann::json DifferencesJson() const;
  /// Text exposition format, version 0.0.4. `held`: bytes of all copies; `open`: streams.
  [[nodiscard]] std::string Metrics(std::size_t held, std::size_t open) const;

 private:
  const std::string epoch_;
  const std::vector<std::string> names_;  // of the components
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  StreamCounts streams_ SM_GUARDED_BY(mutex_);
  compare::VerdictCounts verdicts_ SM_GUARDED_BY(mutex_);
  compare::DifferenceSample differences_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::agent
