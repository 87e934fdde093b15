#include "traffic.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace softmig::judgement {
namespace {

constexpr double kDay = 86'400;
constexpr double kWeek = 7 * kDay;

/// Good and bad requests of a window at one rate. Thinned random arrivals: independent of each other.
struct RateTables {
  DiscreteTable good, bad;
  RateTables(double requests, double rate) : good(Poisson(requests * (1 - rate))), bad(Poisson(requests * rate)) {}

  analysis::Counts Draw(Rng& rng) const {
    const double bad_ones = bad.Draw(rng);
    return {good.Draw(rng) + bad_ones, bad_ones};
  }
};

/// One side, with bursts that cover each a share of a window, in steps of 1/8.
struct SideTables {
  static constexpr std::size_t kSteps = 8;
  std::vector<RateTables> by_burst;
  RateTables broken;
  Steady steady;

  SideTables(const Steady& side, double seconds, const std::optional<Bursts>& bursts)
      : broken(side.rps * seconds, side.then), steady(side) {
    for (std::size_t step = 0; step <= (bursts ? kSteps : 0); ++step) {
      const double share = static_cast<double>(step) / kSteps;
      const double burst_rate = bursts ? bursts->rate : 0;
      by_burst.emplace_back(side.rps * seconds, side.rate + (burst_rate - side.rate) * share);
    }
  }

  analysis::Counts Draw(Rng& rng, double at, double burst_share) const {
    if (steady.asleep_at_night && std::fmod(at, kDay) >= kDay / 2) return {};
    if (at >= steady.break_at) return broken.Draw(rng);
    return by_burst[static_cast<std::size_t>(std::lround(burst_share * static_cast<double>(by_burst.size() - 1)))].Draw(rng);
  }
};

/// When bursts are.
class BurstClock {
 public:
  explicit BurstClock(const std::optional<Bursts>& bursts) : bursts_(bursts) {}

  /// The share of [from, from + seconds) that lies in bursts. Windows follow each other.
  double Share(Rng& rng, double from, double seconds) {
    if (!bursts_) return 0;
    const double to = from + seconds;
    double covered = 0;
    for (double at = from;; at = end_) {
      if (end_ <= at) {
        start_ = at + Exponential(rng, kWeek / bursts_->a_week);
        end_ = start_ + Exponential(rng, bursts_->mean_seconds);
      }
      covered += std::max(0.0, std::min(end_, to) - std::max(start_, at));
      if (end_ >= to) return covered / seconds;
    }
  }

 private:
  static double Exponential(Rng& rng, double mean) { return std::exponential_distribution<double>(1 / mean)(rng); }

  std::optional<Bursts> bursts_;
  double start_ = 0, end_ = 0;
};

class SidedTraffic final : public Traffic {
 public:
  struct Tables {
    SideTables target;
    std::optional<SideTables> legacy;
    std::optional<Bursts> bursts;
    double seconds;
  };
  explicit SidedTraffic(std::shared_ptr<const Tables> tables) : tables_(std::move(tables)), bursts_(tables_->bursts) {}

  WindowCounts Next(Rng& rng) override {
    const double share = bursts_.Share(rng, at_, tables_->seconds);
    WindowCounts counts{tables_->target.Draw(rng, at_, share), std::nullopt};
    if (tables_->legacy) counts.legacy = tables_->legacy->Draw(rng, at_, share);
    at_ += tables_->seconds;
    return counts;
  }

 private:
  std::shared_ptr<const Tables> tables_;
  BurstClock bursts_;
  double at_ = 0;
};

TrafficFactory FactoryOf(SidedTraffic::Tables tables) {
  return [shared = std::make_shared<const SidedTraffic::Tables>(std::move(tables))] { return std::make_unique<SidedTraffic>(shared); };
}

class NoisySides final : public Traffic {
 public:
  NoisySides(double total, std::shared_ptr<const DiscreteTable> bad) : total_(total), bad_(std::move(bad)) {}
  WindowCounts Next(Rng& rng) override {
    const double target = bad_->Draw(rng);
    return {{total_, target}, analysis::Counts{total_, bad_->Draw(rng)}};
  }

 private:
  double total_;
  std::shared_ptr<const DiscreteTable> bad_;
};

}  // namespace

TrafficFactory SteadyTraffic(const Steady& steady, double seconds) {
  return FactoryOf({SideTables(steady, seconds, std::nullopt), std::nullopt, std::nullopt, seconds});
}

TrafficFactory NoisyTraffic(double rps, double rate, double rho, double seconds) {
  const double total = std::round(rps * seconds);
  auto bad = std::make_shared<const DiscreteTable>(BetaBinomial(static_cast<std::int64_t>(total), rate, rho));
  return [=] { return std::make_unique<NoisySides>(total, bad); };
}

TrafficFactory BurstyTraffic(const Steady& steady, const Bursts& bursts, double seconds) {
  return FactoryOf({SideTables(steady, seconds, bursts), std::nullopt, bursts, seconds});
}

TrafficFactory TwoSidedTraffic(const Sides& sides, double seconds) {
  return FactoryOf(
      {SideTables(sides.target, seconds, sides.shared), SideTables(sides.legacy, seconds, sides.shared), sides.shared, seconds});
}

}  // namespace softmig::judgement
