#include "analysis/judge.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/numbers.hpp"
#include "analysis/reading.hpp"

namespace softmig::analysis {
namespace {

using model::MetricSpec;
using model::Reading;
using model::Sample;
using model::Verdict;

Judgement Missing(const MetricSpec& metric, const Sample& sample, Verdict verdict, const std::string& why) {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.window_start = sample.asked_at;
  judgement.at = sample.at;
  judgement.evidence = (verdict == Verdict::kNoData ? "no data from " : "") + metric.address + ": " + why;
  return judgement;
}

/// `what` is "query", "bad" or "total".
Judgement Explain(const MetricSpec& metric, const Sample& sample, const Reading& reading, const std::string& what) {
  const NoReading none = ExplainReading(reading, what);
  return Missing(metric, sample, none.verdict, none.why);
}

Judgement JudgeValue(const MetricSpec& metric, const Sample& sample) {
  if (!IsNumber(sample.first)) return Explain(metric, sample, sample.first, "query");
  const double value = sample.first.number;
  const MetricSpec::Value& limits = *metric.value;
  Judgement judgement{Verdict::kPass, value, std::nullopt, sample.first.since.value_or(sample.asked_at), sample.at, ""};
  if (limits.max && value > *limits.max) {
    judgement.verdict = Verdict::kBreach;
    judgement.evidence = Shortest(value) + " above max " + Shortest(*limits.max);
  } else if (limits.min && value < *limits.min) {
    judgement.verdict = Verdict::kBreach;
    judgement.evidence = Shortest(value) + " below min " + Shortest(*limits.min);
  } else {
    judgement.evidence = Shortest(value) + " within";
    if (limits.min) judgement.evidence += " min " + Shortest(*limits.min);
    if (limits.max) judgement.evidence += std::string(limits.min ? " and" : "") + " max " + Shortest(*limits.max);
    if (!limits.min && !limits.max) judgement.evidence = Shortest(value) + ", no limits";
  }
  if (!sample.first.note.empty()) judgement.evidence = sample.first.note;
  return judgement;
}

/// The worse of the two readings speaks: an error before NaN before no data.
Judgement ExplainCounts(const MetricSpec& metric, const Sample& sample) {
  for (const auto kind : {Reading::Kind::kError, Reading::Kind::kNaN, Reading::Kind::kNoData}) {
    if (sample.first.kind == kind) return Explain(metric, sample, sample.first, "bad");
    if (sample.second.kind == kind) return Explain(metric, sample, sample.second, "total");
  }
  const bool bad_is_good = IsCountable(sample.first);
  return Explain(metric, sample, bad_is_good ? sample.second : sample.first, bad_is_good ? "total" : "bad");
}

std::int64_t Whole(double count) { return static_cast<std::int64_t>(std::llround(std::min(count, 9e15))); }

/// Fills in what both kinds of judgement on counts say.
Judgement FromCounts(Verdict verdict, const MetricState& state, const Sample& sample) {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.samples = Whole(state.total);
  if (state.total > 0) judgement.value = state.bad / state.total;
  judgement.window_start = state.window_start;
  judgement.at = sample.at;
  return judgement;
}

std::string CountText(const MetricState& state) { return Shortest(state.bad) + " of " + Shortest(state.total) + " requests failed"; }

/// A judgement on what has been counted; a decisive one begins the next count.
Step Conclude(const MetricSpec& metric, MetricState state, const Sample& sample) {
  const MetricSpec::Counts& counts = *metric.counts;
  const auto wanted = static_cast<double>(std::max<std::int64_t>(1, counts.min_requests));
  if (state.total <= 0) {
    Judgement none = FromCounts(Verdict::kNoData, state, sample);
    none.evidence = "no requests counted yet";
    return {std::move(state), std::move(none)};
  }
  const double rate = state.bad / state.total;
  const bool enough = state.total >= wanted;
  const bool breach = enough ? rate > counts.max_rate : state.bad / wanted > counts.max_rate;
  if (!enough && !breach) {
    Judgement undecided = FromCounts(Verdict::kUndecided, state, sample);
    undecided.evidence = CountText(state) + ", a judgement needs " + Shortest(wanted);
    return {std::move(state), std::move(undecided)};
  }
  Judgement judgement = FromCounts(breach ? Verdict::kBreach : Verdict::kPass, state, sample);
  judgement.evidence =
      CountText(state) + " (" + PercentText(rate, counts.max_rate) + " %), tolerated " + Shortest(counts.max_rate * 100) + " %";
  state.bad = state.total = 0;
  state.window_start = sample.asked_at;
  return {std::move(state), std::move(judgement)};
}

Step JudgeCounts(const MetricSpec& metric, const MetricState& before, const Sample& sample) {
  if (!IsCountable(sample.first) || !IsCountable(sample.second)) return {before, ExplainCounts(metric, sample)};
  CounterStep counted = Count(before.counters, sample);
  MetricState state = before;
  state.counters = std::move(counted.state);
  if (!counted.refused.empty()) return {std::move(state), Missing(metric, sample, Verdict::kError, counted.refused)};
  if (counted.began) {
    state.window_start = sample.asked_at;
    state.bad = state.total = 0;
  }
  if (counted.window) {
    state.bad += counted.window->k;
    state.total += counted.window->n;
  }
  return Conclude(metric, std::move(state), sample);
}

}  // namespace

Step Judge(const MetricSpec& metric, const MetricState& state, const Sample& sample) {
  if (metric.counts) return JudgeCounts(metric, state, sample);
  if (metric.value) return {state, JudgeValue(metric, sample)};
  return {state, Missing(metric, sample, Verdict::kError, "the metric has neither counts nor a value")};
}

}  // namespace softmig::analysis
