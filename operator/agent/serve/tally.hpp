#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/capture/captured_exchange.hpp"
#include "agent/capture/watch_plan.hpp"
#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "compare/difference_sample.hpp"
#include "compare/noise.hpp"
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

/// What became of a control: legacy asked again what it answered already.
enum class ControlEnd : std::uint8_t {
  kSame,
  kDiffered,
  kLost,  ///< no second answer, or nobody can say
};
inline constexpr std::size_t kControlEnds = 3;

/// What is told beside the counts, as it is now.
struct Gauges {
  std::size_t held = 0;            ///< bytes of all copies
  std::size_t open = 0;            ///< streams
  int sampling = 100;              ///< percent of safe requests that are copied
  std::array<bool, 2> breakers{};  ///< whether legacy's is open, and the target's
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
  /// CountDropped, or of a control that it is lost.
  void CountUnasked(const CapturedExchange& exchange, compare::Reason reason);
  /// The target failed where it was in charge.
  void CountFellBack(std::size_t component);
  /// The outcome has to be fresh: its values are views. `is_noise`: it differs, and nothing but noise does.
  void CountVerdict(std::size_t component, const compare::Outcome& outcome, bool is_noise);
  /// No verdict: no user's request is counted by it.
  void CountControl(std::size_t component, ControlEnd end);
  /// What is known of the component's noise, instead of what was told before.
  void TakeNoise(std::size_t component, std::vector<compare::FieldNoise> fields);

  /// VerdictCounts::ToJson with "streams": {"opened", "refused", "skipped": {…}} beside it, and of each component "controls": {"same",
  /// "differed", "lost"}.
  [[nodiscard]] nlohmann::json CountsJson() const;
  /// DifferenceSample::ToJson with the epoch and "noise": [{"component", "fields": […]}].
  [[nodiscard]] nlohmann::json DifferencesJson() const;
  /// Text exposition format, version 0.0.4.
  [[nodiscard]] std::string Metrics(const Gauges& gauges) const;

 private:
  using Controls = std::array<std::uint64_t, kControlEnds>;
  const std::string epoch_;
  const std::vector<std::string> names_;  // of the components
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  StreamCounts streams_ SM_GUARDED_BY(mutex_);
  compare::VerdictCounts verdicts_ SM_GUARDED_BY(mutex_);
  compare::DifferenceSample differences_ SM_GUARDED_BY(mutex_);
  std::vector<Controls> controls_ SM_GUARDED_BY(mutex_);  // by component, as the next
  std::vector<std::vector<compare::FieldNoise>> noise_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::agent
