#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "analysis/assessment.hpp"
#include "analysis/metric_evidence.hpp"

namespace softmig::analysis::testing {

inline EvidenceRule RuleOf(const EvidenceSettings& settings) {
  auto rule = EvidenceRule::Make(settings);
  if (!rule) ADD_FAILURE() << rule.error().message;
  return rule ? *rule : *EvidenceRule::Make({});
}

/// Feeds windows that lie end to end, ten seconds each.
class Feeder {
 public:
  explicit Feeder(const EvidenceSettings& settings) : rule_(RuleOf(settings)) { state_ = StartStage(rule_, {}); }

  Feeder& Poll(double total, double bad, std::optional<Counts> legacy = std::nullopt) {
    state_ = Advance(rule_, std::move(state_), NextWindow(total, bad, legacy));
    return *this;
  }
  Feeder& Stage() {
    state_ = StartStage(rule_, std::move(state_));
    return *this;
  }
  /// The window that Poll would send next.
  [[nodiscard]] EvidenceWindow NextWindow(double total, double bad, std::optional<Counts> legacy = std::nullopt) const {
    const base::WallTime start = state_.last_window_end.value_or(base::WallTime(base::Millis(1'000'000)));
    return {start, start + base::Millis(10'000), {total, bad}, legacy};
  }
  Feeder& Change(const EvidenceSettings& settings) {
    rule_ = RuleOf(settings);
    return *this;
  }

  [[nodiscard]] const MetricEvidence& state() const { return state_; }
  [[nodiscard]] const EvidenceRule& rule() const { return rule_; }
  [[nodiscard]] Assessment Now() const { return Assess(rule_, state_); }

 private:
  EvidenceRule rule_;
  MetricEvidence state_;
};

}  // namespace softmig::analysis::testing
