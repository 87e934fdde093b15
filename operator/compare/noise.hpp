#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/confidence_sequence.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

/// Bounds of (share of `raw` that differs) - (share of `control` that does), right at all times together with probability >= 1-alpha:
/// half of it is spent on each side's confidence sequence. [-1, 1] where nothing was counted. REQUIRES: 0 < alpha < 1.
analysis::Interval Excess(const analysis::Counts& raw, const analysis::Counts& control, double alpha);

/// What is known of one field of one component.
struct FieldNoise {
  std::string path;
  analysis::Counts raw;      ///< legacy against the target
  analysis::Counts control;  ///< legacy against legacy: what differs anyway
  analysis::Interval excess;
  bool critical = false;
  bool hidden = false;  ///< its differences are taken for noise
};

/// Which fields of one component differ anyway, from one answer of legacy to the next (clocks, random ids), so that they say nothing about
/// the target. A field is hidden only while it was seen to differ between two answers of legacy, and the counts do not say that it differs
/// more often between legacy and target; never where it is critical, and never for want of controls. What is hidden is still counted.
/// Bounded by kMostFields; fields beyond are never hidden. Not thread-safe.
class NoiseControl {
 public:
  static constexpr std::size_t kMostFields = 512;

  /// REQUIRES: 0 < alpha < 1.
  explicit NoiseControl(double alpha);

  void AddRaw(const Outcome& outcome);
  /// The outcome of comparing two answers of legacy to one request.
  void AddControl(const Outcome& outcome);

  /// Decides anew which fields are hidden; some microseconds a field, so it is for every second and not for every request.
  void Refresh();
  /// Whether a difference is nothing but noise: all of its fields are hidden. As of the last Refresh.
  [[nodiscard]] bool IsNoise(const Outcome& outcome) const;

  [[nodiscard]] std::vector<FieldNoise> Fields() const;
  /// All fields together: exchanges that differ in any field, between legacy and target and within legacy.
  [[nodiscard]] FieldNoise Total() const;

 private:
  struct Seen {
    double raw = 0, control = 0;  // exchanges in which it differed
    bool critical = false;
  };
  void Add(const Outcome& outcome, double Seen::* count, analysis::Counts& total);
  [[nodiscard]] FieldNoise Judge(const std::string& path, const Seen& seen) const;

  double alpha_;
  analysis::Counts raw_, control_;
  std::map<std::string, Seen, std::less<>> fields_;
  std::set<std::string, std::less<>> hidden_;
};

}  // namespace softmig::compare
