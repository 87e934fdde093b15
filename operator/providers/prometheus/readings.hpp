#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "model/sample.hpp"
#include "providers/metric_provider.hpp"

/// The points of one instant, put together. Instant and range answers are read by the same code, so that a replay sees what the poll saw.
namespace softmig::providers {

/// One series of an answer, by its labels.
struct SeriesName {
  std::uint64_t id = 0;      ///< of all labels
  std::uint64_t group = 0;   ///< of the labels without `le`
  std::optional<double> le;  ///< nothing where the label is missing or no number
};
SeriesName NameOf(const nlohmann::json* labels);

/// Value type: Add every series that has a point at the instant, in the order of the answer, then Finish.
class InstantBuilder {
 public:
  void Add(const SeriesName& name, const model::Reading& point);
  /// A number, several, no data; or the first of what is no number.
  [[nodiscard]] model::Reading Finish() const;

 private:
  std::vector<model::SeriesPoint> points_;
  std::optional<model::Reading> fault_;
};

/// The same for the buckets of classic histograms.
class HistogramBuilder {
 public:
  explicit HistogramBuilder(double bound) : bound_(bound) {}
  void Add(const SeriesName& name, const model::Reading& point);
  [[nodiscard]] HistogramReadings Finish() const;

 private:
  struct Bucket {
    std::uint64_t series = 0, group = 0;
    double le = 0, value = 0;
  };
  void RememberNearest(double le);
  [[nodiscard]] model::Reading NoSuchBound() const;
  [[nodiscard]] HistogramReadings Groups() const;

  double bound_;
  std::vector<Bucket> buckets_;
  std::vector<double> nearest_;  // bounds, ascending; at most kMostBounds
  std::optional<model::Reading> fault_;
};

}  // namespace softmig::providers
