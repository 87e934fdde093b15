#include "simulate/counted_metric.hpp"

#include <cmath>

namespace softmig::simulate {
namespace {

using model::Reading;
using model::Verdict;

constexpr std::size_t kMostUnread = 100'000;
constexpr const char* kAway = "the source is away (as the trace says)";

Reading Number(double number) { return {Reading::Kind::kNumber, std::floor(number), {}, 1}; }

/// Within the bounds: where nobody says what a metric would be, it is taken to be well.
double WellValue(const model::MetricSpec::Value& value) { return value.max ? *value.max : value.min.value_or(0); }

analysis::Judgement Away(base::WallTime now) {
  analysis::Judgement judgement;
  judgement.verdict = Verdict::kError;
  judgement.at = judgement.window_start = now;
  judgement.evidence = kAway;
  return judgement;
}

}  // namespace

base::Result<SimulatedMetric> SimulatedMetric::Make(const model::Spec& spec, const model::MetricSpec& metric) {
  SimulatedMetric made(spec, metric);
  if (!model::UsesEvidence(metric)) return made;
  auto rule = analysis::RuleFor(spec, metric, "simulated");
  if (!rule) return base::Fail(rule.error().Wrap("metric " + metric.name));
  made.rule_ = std::make_shared<const analysis::EvidenceRule>(std::move(*rule));
  return made;
}

void SimulatedMetric::Grow(const Moment& moment, int weight, double seconds) {
  const double target = moment.requests * seconds * weight / 100.0;
  const double legacy = moment.requests * seconds - target;
  target_.total += target;
  target_.bad += target * moment.target_bad;
  const double compared = (target + legacy) * model::ComparedShare(*spec_);
  compared_.total += compared;
  compared_.bad += compared * moment.target_bad;
  legacy_.total += legacy;
  legacy_.bad += legacy * moment.legacy_bad;
  expected_bad_ += target * moment.legacy_bad;
}

void SimulatedMetric::Forget() {
  counts_ = {};
  plain_ = {};
  seen_.reset();
  unread_.clear();
}

void SimulatedMetric::Poll(base::WallTime now, const Moment& moment, const model::ComponentStatus& component) {
  if (!seen_) seen_.emplace();
  if (rule_) {
    unread_.push_back({now, model::IsOfBridge(*metric_) ? compared_ : target_, legacy_});
    if (unread_.size() > kMostUnread) unread_.pop_front();
  }
  if (!moment.source) return seen_->TakeLatest(Away(now));
  rule_ ? PollEvidence(now, component) : PollPlain(now, moment);
}

void SimulatedMetric::PollEvidence(base::WallTime now, const model::ComponentStatus& component) {
  std::optional<analysis::CountsOutcome> outcome;
  while (!unread_.empty() && unread_.front().at <= now - spec_->delay) {
    const Snapshot& one = unread_.front();
    analysis::CountReadings readings;
    readings.instant = one.at;
    readings.bad = Number(one.target.bad);
    readings.total = Number(one.target.total);
    if (metric_->counts->legacy) {
      readings.legacy_bad = Number(one.legacy.bad);
      readings.legacy_total = Number(one.legacy.total);
    }
    outcome = analysis::TakeInstant(*rule_, std::move(counts_), readings, analysis::StageOf(component, model::IsOfBridge(*metric_)));
    counts_ = outcome->state;
    unread_.pop_front();
  }
  if (!outcome) return;
  analysis::CountsView view{rule_, counts_.evidence, analysis::Assess(*rule_, counts_.evidence), counts_.legacy_per_second};
  seen_->TakeLatest(analysis::JudgeCounts(view, *outcome, now));
  seen_->counts = std::make_shared<const analysis::CountsView>(std::move(view));
}

void SimulatedMetric::PollPlain(base::WallTime now, const Moment& moment) {
  model::Sample sample;
  sample.asked_at = sample.at = now;
  if (metric_->counts) {
    sample.first = Number(target_.bad);
    sample.second = Number(target_.total);
  } else {
    sample.first = {Reading::Kind::kNumber, moment.value.value_or(WellValue(*metric_->value)), {}, 1};
  }
  analysis::Step step = analysis::Judge(*metric_, plain_, sample);
  plain_ = std::move(step.state);
  const Verdict verdict = step.judgement.verdict;
  if (verdict == Verdict::kBreach || verdict == Verdict::kPass) seen_->decisive = step.judgement;
  seen_->TakeLatest(std::move(step.judgement));
}

}  // namespace softmig::simulate
