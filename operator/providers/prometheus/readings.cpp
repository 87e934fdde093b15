#include "providers/prometheus/readings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using model::SeriesPoint;
using nlohmann::json;

constexpr std::size_t kMostBounds = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Reading SeriesTwice() { return Fault("the answer holds a series twice"); }

bool HasTwice(std::vector<std::uint64_t> ids) {
  std::ranges::sort(ids);
  return std::ranges::adjacent_find(ids) != ids.end();
}

std::optional<double> BoundOf(const std::string& text) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  double bound = 0;
  const auto [stop, error] = std::from_chars(begin, end, bound);
  if (error != std::errc() || stop != end || std::isnan(bound)) return std::nullopt;
  return bound;
}

Reading ReadingOf(std::vector<SeriesPoint> points) {
  Reading reading;
  if (points.empty()) return reading;
  reading.kind = points.size() == 1 ? Reading::Kind::kNumber : Reading::Kind::kSeries;
  if (points.size() == 1) {
    reading.number = points[0].number;
    reading.id = points[0].id;
  } else {
    reading.series = std::move(points);
  }
  return reading;
}

HistogramReadings Both(const Reading& reading) { return {reading, reading}; }

/// One histogram at one instant.
struct Histogram {
  std::optional<double> within, total;
};

}  // namespace

SeriesName NameOf(const json* labels) {
  SeriesName name;
  name.id = IdOf(labels);
  name.group = name.id;
  if (labels == nullptr || !labels->is_object()) return name;
  const auto le = labels->find("le");
  if (le == labels->end()) return name;
  if (le->is_string()) name.le = BoundOf(le->get_ref<const std::string&>());
  json others = *labels;
  others.erase("le");
  name.group = IdOf(&others);
  return name;
}

void InstantBuilder::Add(const SeriesName& name, const Reading& point) {
  if (fault_) return;
  if (point.kind == Reading::Kind::kNumber) {
    points_.push_back({name.id, point.number});
  } else {
    fault_ = point;
  }
}

Reading InstantBuilder::Finish() const {
  std::vector<std::uint64_t> ids;
  ids.reserve(points_.size());
  for (const SeriesPoint& point : points_) ids.push_back(point.id);
  if (HasTwice(std::move(ids))) return SeriesTwice();
  return fault_ ? *fault_ : ReadingOf(points_);
}

void HistogramBuilder::RememberNearest(double le) {
  if (le == kInfinity) return;
  const auto place = std::ranges::lower_bound(nearest_, le);
  if (place != nearest_.end() && *place == le) return;
  nearest_.insert(place, le);
  if (nearest_.size() <= kMostBounds) return;
  const bool first_is_farther = std::abs(nearest_.front() - bound_) > std::abs(nearest_.back() - bound_);
  nearest_.erase(first_is_farther ? nearest_.begin() : nearest_.end() - 1);
}

void HistogramBuilder::Add(const SeriesName& name, const Reading& point) {
  if (fault_) return;
  if (!name.le) {
    fault_ = point.kind == Reading::Kind::kError
                 ? point
                 : Fault("a series of the answer has no bound in a label le: ask for the buckets, and keep le in by (…)");
    return;
  }
  RememberNearest(*name.le);
  const bool used = *name.le == bound_ || *name.le == kInfinity;
  if (used && point.kind != Reading::Kind::kNumber) fault_ = point;
  buckets_.push_back({name.id, name.group, *name.le, point.number});
}

Reading HistogramBuilder::NoSuchBound() const {
  if (nearest_.empty()) return Fault(fmt::format("no bucket ends at {}: the histogram has no bounds; ask for all its buckets", bound_));
  return Fault(
      fmt::format("no bucket ends at {}; the nearest bounds are {}: use one of them, or give the histogram a bucket that ends there",
                  bound_, fmt::join(nearest_, ", ")));
}

HistogramReadings HistogramBuilder::Finish() const {
  if (!std::isfinite(bound_)) return Both(Fault("a bound must be a finite number"));
  std::vector<std::uint64_t> ids;
  ids.reserve(buckets_.size());
  for (const Bucket& bucket : buckets_) ids.push_back(bucket.series);
  if (HasTwice(std::move(ids))) return Both(SeriesTwice());
  return fault_ ? Both(*fault_) : Groups();
}

// Two texts of one bound ("1", "1.0") in a group come from two versions of a client below a sum: they add up.
HistogramReadings HistogramBuilder::Groups() const {
  std::vector<std::uint64_t> order;
  std::unordered_map<std::uint64_t, Histogram> histograms;
  for (const Bucket& bucket : buckets_) {
    const auto [it, is_new] = histograms.try_emplace(bucket.group);
    if (is_new) order.push_back(bucket.group);
    if (bucket.le == bound_) it->second.within = it->second.within.value_or(0) + bucket.value;
    if (bucket.le == kInfinity) it->second.total = it->second.total.value_or(0) + bucket.value;
  }
  std::vector<SeriesPoint> above;
  std::vector<SeriesPoint> total;
  for (const std::uint64_t group : order) {
    const Histogram& histogram = histograms[group];
    if (!histogram.total) return Both(Fault("a histogram of the answer has no bucket le=\"+Inf\": ask for all buckets"));
    if (!histogram.within) return Both(NoSuchBound());
    if (!std::isfinite(*histogram.total) || !std::isfinite(*histogram.within)) return Both(Fault("the buckets are too large"));
    if (*histogram.within > *histogram.total) {
      return Both(Fault(fmt::format("the bucket le={} holds {}, more than all ({})", bound_, *histogram.within, *histogram.total)));
    }
    above.push_back({group, *histogram.total - *histogram.within});
    total.push_back({group, *histogram.total});
  }
  return {ReadingOf(std::move(above)), ReadingOf(std::move(total))};
}

}  // namespace softmig::providers
