#include "sim/core/counter_history.hpp"

#include <algorithm>
#include <cmath>

namespace softmig::simulator {

void CounterHistory::Learn(Time now, double bad, double total) {
  if (samples_.back().at == now) samples_.back() = {now, bad, total};
  if (samples_.back().at < now) samples_.push_back({now, bad, total});
}

void CounterHistory::Reset(Time now) { resets_.emplace_back(now, Whole(now)); }

CounterHistory::Counts CounterHistory::Whole(Time at) const {
  const auto later = std::ranges::upper_bound(samples_, at, {}, &Sample::at);
  const Sample& a = *std::prev(later);
  double total = a.total;
  if (later != samples_.end())
    total += (later->total - a.total) * static_cast<double>((at - a.at).count()) / static_cast<double>((later->at - a.at).count());
  total = std::floor(total);
  // The bad ones as of the moment at which the last whole request came in.
  const auto above = std::ranges::upper_bound(samples_, total, {}, &Sample::total);
  const Sample& b = above == samples_.begin() ? samples_.front() : *std::prev(above);
  double bad = b.bad;
  if (above != samples_.end() && above->total > b.total) bad += (above->bad - b.bad) * (total - b.total) / (above->total - b.total);
  return {std::floor(bad), total};
}

CounterHistory::Counts CounterHistory::At(Time at) const {
  Counts counts = Whole(std::max(at, Time(0)));
  for (auto reset = resets_.rbegin(); reset != resets_.rend(); ++reset) {
    if (reset->first > at) continue;
    return {counts.bad - reset->second.bad, counts.total - reset->second.total};
  }
  return counts;
}

}  // namespace softmig::simulator
