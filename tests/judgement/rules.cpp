#include "rules.hpp"

#include <algorithm>
#include <cmath>

#include "parallel.hpp"

namespace softmig::judgement {
namespace {

class Ours final : public Rule {
 public:
  Ours(const analysis::EvidenceRule& rule, Question question) : rule_(rule), question_(question), state_(analysis::StartStage(rule, {})) {}

  void Learn(const WindowCounts& counts, double seconds) override { Take({}, counts.legacy, seconds); }

  Outcome Look(const WindowCounts& counts, double seconds) override {
    Take(counts.target, counts.legacy, seconds);
    if (question_ == Question::kWatch && IsFarFromEverything()) return Outcome::kGoesOn;
    const analysis::Assessment assessment = analysis::Assess(rule_, state_);
    // Combine with one metric, without its strings and vectors.
    holding_ = analysis::NextHold(holding_, assessment.log_rollback);
    if (assessment.verdict == model::Verdict::kBreach) return Outcome::kRollsBack;
    if (question_ == Question::kWatch) return Outcome::kGoesOn;
    if (assessment.verdict == model::Verdict::kPass && !holding_) return Outcome::kPromotes;
    // From here it reaches ln(1/beta) with a probability of at most e^-(12+4.6), while the tolerance is violated.
    constexpr double kHopeless = -12;
    return assessment.log_promotion < kHopeless ? Outcome::kGivesUp : Outcome::kGoesOn;
  }

 private:
  void Take(const analysis::Counts& target, const std::optional<analysis::Counts>& legacy, double seconds) {
    const base::WallTime start = now_;
    now_ += base::Millis(std::llround(seconds * 1000));
    state_ = analysis::Advance(rule_, std::move(state_), {start, now_, target, legacy});
  }

  /// M is at most the largest sum plus 1, so it cannot reach 100 here; says the same as Assess, faster.
  [[nodiscard]] bool IsFarFromEverything() const { return std::ranges::max(state_.detector.log_sums) < 4; }

  const analysis::EvidenceRule& rule_;
  Question question_;
  analysis::MetricEvidence state_;
  base::WallTime now_{};
  bool holding_ = false;
};

class Peer final : public Rule {
 public:
  Peer(const PeerSettings& settings, Question question) : settings_(settings), question_(question) {}

  Outcome Look(const WindowCounts& counts, double seconds) override {
    Add(target_, counts.target);
    if (counts.legacy) Add(legacy_, *counts.legacy);
    elapsed_ += seconds;
    constexpr double kInterval = 60;
    if (elapsed_ < kInterval - 1e-6) return Outcome::kGoesOn;
    elapsed_ = 0;
    return Check();
  }

 private:
  static void Add(analysis::Counts& sum, const analysis::Counts& more) {
    sum.total += more.total;
    sum.bad += more.bad;
  }

  Outcome Check() {
    if (settings_.next_look && fails_ >= settings_.fails) return Outcome::kRollsBack;
    const double rate = target_.bad / target_.total;
    const double limit = settings_.relative ? settings_.threshold * legacy_.bad / legacy_.total : settings_.threshold;
    // Without requests the rate is NaN, which no limit admits.
    ++(rate <= limit ? passes_ : fails_);
    target_ = legacy_ = {};
    if (!settings_.next_look && fails_ >= settings_.fails) return Outcome::kRollsBack;
    const int counted = settings_.count_all ? passes_ + fails_ : passes_;
    return question_ == Question::kStage && counted >= settings_.passes ? Outcome::kPromotes : Outcome::kGoesOn;
  }

  PeerSettings settings_;
  Question question_;
  analysis::Counts target_, legacy_;
  double elapsed_ = 0;
  int fails_ = 0, passes_ = 0;
};

class CusumRule final : public Rule {
 public:
  CusumRule(const CusumSettings& settings, double threshold)
      : bad_(std::log(settings.bad_rate / settings.good_rate)),
        good_(std::log1p(-settings.bad_rate) - std::log1p(-settings.good_rate)),
        cap_(settings.cap),
        threshold_(threshold) {}

  Outcome Look(const WindowCounts& counts, double) override {
    const double log_ratio = counts.target.bad * bad_ + (counts.target.total - counts.target.bad) * good_;
    sum_ = std::max(0.0, sum_ + std::min(cap_, log_ratio));
    return sum_ >= threshold_ ? Outcome::kRollsBack : Outcome::kGoesOn;
  }

  [[nodiscard]] double sum() const { return sum_; }

 private:
  double bad_, good_, cap_, threshold_;
  double sum_ = 0;
};

}  // namespace

RuleKind OurRule(const std::string& name, const analysis::EvidenceRule& rule, Question question) {
  auto shared = std::make_shared<const analysis::EvidenceRule>(rule);
  return {name, [shared, question] { return std::make_unique<Ours>(*shared, question); }};
}

RuleKind PeerRule(const std::string& name, const PeerSettings& settings, Question question) {
  return {name, [=] { return std::make_unique<Peer>(settings, question); }};
}

PeerSettings Flagger(int threshold_of_fails) {
  PeerSettings settings;
  settings.fails = threshold_of_fails;
  return settings;
}

PeerSettings Argo(int failure_limit) {
  PeerSettings settings;
  settings.fails = failure_limit + 1;
  settings.next_look = false;
  settings.count_all = true;
  return settings;
}

RuleKind Cusum(const CusumSettings& settings, double threshold) {
  return {"oracle CUSUM", [=] { return std::make_unique<CusumRule>(settings, threshold); }};
}

double CalibrateCusum(const Calibration& calibration, std::uint64_t seed) {
  const double good_rate = calibration.cusum.good_rate;
  const TrafficFactory traffic = SteadyTraffic({calibration.rps, good_rate, good_rate}, calibration.seconds);
  std::vector<double> highest(static_cast<std::size_t>(calibration.runs));
  ForEachRun(calibration.runs, [&](int run) {
    Rng rng = RngFor(seed, 0xCA11, static_cast<std::uint64_t>(run));
    const auto windows = traffic();
    CusumRule cusum(calibration.cusum, INFINITY);
    double most = 0;
    const auto last = std::lround(calibration.horizon_seconds / calibration.seconds);
    for (std::int64_t i = 0; i < last; ++i) {
      cusum.Look(windows->Next(rng), calibration.seconds);
      most = std::max(most, cusum.sum());
    }
    highest[static_cast<std::size_t>(run)] = most;
  });
  std::ranges::sort(highest);
  return highest[static_cast<std::size_t>(std::ceil((1 - calibration.alpha) * calibration.runs))];
}

}  // namespace softmig::judgement
