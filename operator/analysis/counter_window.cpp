#include "analysis/counter_window.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/numbers.hpp"

namespace softmig::analysis {
namespace {

using model::Reading;
using model::SeriesPoint;

constexpr std::uint64_t kSumOverAll = 0;

SeriesValues ValuesOf(const Reading& reading) {
  if (reading.kind == Reading::Kind::kNumber) return {{reading.id, reading.number}};
  SeriesValues values;
  for (const SeriesPoint& point : reading.series) values[point.id] += point.number;
  return values;
}

double Sum(const SeriesValues& values) {
  double sum = 0;
  for (const auto& [id, value] : values) sum += value;
  return sum;
}

/// What a series that is lower than before means.
enum class Fall { kReset, kPast };

/// Nothing: a sum over others was reset.
std::optional<double> Growth(const SeriesValues& before, const SeriesValues& now, Fall fall) {
  double grown = 0;
  for (const auto& [id, value] : now) {
    const auto it = before.find(id);
    const bool fell = it != before.end() && value < it->second;
    if (fell && fall == Fall::kPast) continue;
    if (fell && id == kSumOverAll) return std::nullopt;
    grown += it == before.end() || fell ? value : value - it->second;
  }
  return grown;
}

void Remember(SeriesValues& into, const SeriesValues& now, Fall fall) {
  for (const auto& [id, value] : now) {
    const auto [known, is_new] = into.emplace(id, value);
    if (!is_new && (fall == Fall::kReset || value > known->second)) known->second = value;
  }
}

std::string WhyImpossible(const SeriesValues& bad, const SeriesValues& total) {
  for (const SeriesValues* values : {&bad, &total}) {
    for (const auto& [id, value] : *values) {
      if (value < 0) return "a counter is negative";
    }
  }
  const double all_bad = Sum(bad);
  const double all = Sum(total);
  if (!std::isfinite(all)) return "the counters are too large";
  if (all_bad > all) return "bad (" + Shortest(all_bad) + ") is more than total (" + Shortest(all) + ")";
  return {};
}

}  // namespace

CounterStep Count(const CountersState& before, const model::Sample& sample) {
  const auto refuse = [&](std::string why) { return CounterStep{before, std::nullopt, std::move(why)}; };
  const SeriesValues bad = ValuesOf(sample.first);
  const SeriesValues total = ValuesOf(sample.second);
  if (auto why = WhyImpossible(bad, total); !why.empty()) return refuse(std::move(why));
  const bool is_set_back = before.until && sample.asked_at <= *before.until;
  const bool begins = !before.until || is_set_back;
  CounterStep step{before, std::nullopt, {}, begins};
  if (is_set_back) step.state.known_until = std::max(before.known_until.value_or(*before.until), *before.until);
  const Fall fall = step.state.known_until && sample.asked_at <= *step.state.known_until ? Fall::kPast : Fall::kReset;
  if (fall == Fall::kReset) step.state.known_until.reset();
  Remember(step.state.bad, bad, fall);
  Remember(step.state.total, total, fall);
  if (step.state.bad.size() > kMostSeries || step.state.total.size() > kMostSeries) {
    return refuse("more than " + std::to_string(kMostSeries) + " series: sum them by fewer labels");
  }
  step.state.until = sample.asked_at;
  if (begins) return step;
  const auto k = Growth(before.bad, bad, fall);
  const auto n = Growth(before.total, total, fall);
  if (!k || !n) return step;
  if (*k > *n) {
    step.refused = "since the last poll bad grew by " + Shortest(*k) + ", total only by " + Shortest(*n);
    return step;
  }
  step.window = Window{*before.until, sample.asked_at, *n, *k};
  return step;
}

}  // namespace softmig::analysis
