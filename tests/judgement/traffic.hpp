#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "analysis/evidence_window.hpp"
#include "distributions.hpp"

namespace softmig::judgement {

/// What happens to users in one window.
struct WindowCounts {
  analysis::Counts target;
  std::optional<analysis::Counts> legacy;
};

/// Draws windows of `seconds` one after another. One for each run; the tables in it are shared.
class Traffic {
 public:
  virtual ~Traffic() = default;
  virtual WindowCounts Next(Rng& rng) = 0;
};

/// Makes the traffic of one run. Called from several threads at once.
using TrafficFactory = std::function<std::unique_ptr<Traffic>()>;

/// Requests at random times, `rps` on average, each bad with probability `rate`; from `break_at` seconds on with probability `then`.
struct Steady {
  double rps = 1;
  double rate = 0.01;
  double then = 0.01;
  double break_at = 1e18;
  bool asleep_at_night = false;  ///< no request in the second half of each day
};
TrafficFactory SteadyTraffic(const Steady& steady, double seconds);

/// The same number of requests in each window; their rate is another each time (beta distribution). Legacy scatters alike.
TrafficFactory NoisyTraffic(double rps, double rate, double rho, double seconds);

/// Bursts of errors of exponential length, at random times.
struct Bursts {
  double rate = 0.3;
  double mean_seconds = 120;
  double a_week = 50;
};
/// Steady traffic of the target with bursts of its own.
TrafficFactory BurstyTraffic(const Steady& steady, const Bursts& bursts, double seconds);

/// Two sides at once; `shared` bursts hit both in the same windows.
struct Sides {
  Steady target;
  Steady legacy;
  std::optional<Bursts> shared;
};
TrafficFactory TwoSidedTraffic(const Sides& sides, double seconds);

}  // namespace softmig::judgement
