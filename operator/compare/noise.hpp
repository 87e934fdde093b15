#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "analysis/confidence_sequence.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

/// Bounds of (share of `raw` that differs) - (share of `control` that does), right at all times together with probability >= 1-alpha:
/// half of it is spent on each side's confidence sequence. [-1, 1] where nothing was counted. REQUIRES: 0 < alpha < 1.
analysis::Interval Excess(const analysis::Counts& raw, const analysis::Counts& control, double alpha);

/// What noise is told apart by: a time that is another time is not a time that is missing.
struct NoisePlace {
  std::string path;
  ValueKind first = ValueKind::kAbsent, second = ValueKind::kAbsent;  ///< of both values, in the order of the enumeration
  auto operator<=>(const NoisePlace&) const = default;
};

/// What is known of one place of one component.
struct FieldNoise {
  NoisePlace place;
  analysis::Counts raw;      ///< legacy against the target
  analysis::Counts control;  ///< legacy against legacy: what differs anyway
  analysis::Interval excess;
  double least_noise = 0;  ///< the control's share is not below it
  bool hidden = false;     ///< its differences are taken for noise
};

/// [{"path", "kinds", "differs", "compared", "controls": {"differs", "compared"}, "excess": [lower, upper], "hidden"}].
nlohmann::json NoiseJson(const std::vector<FieldNoise>& fields);

/// Which fields of one component differ anyway, from one answer of legacy to the next (clocks, random ids), so that they say nothing about
/// the target. A field begins to be hidden once the controls show (with probability 1-alpha) that noise explains at least half of how often
/// it differs between legacy and target, and nothing shows that it differs more often there than within legacy. It is hidden no longer as
/// soon as that is shown, or noise explains less than a quarter. Never hidden: what is critical; values of other kinds than differed within
/// legacy; what holds other values (objects, lists, bodies that are no JSON). What is hidden is still counted. Bounded by kMostFields;
/// fields beyond are never hidden. Not thread-safe.
class NoiseControl {
 public:
  static constexpr std::size_t kMostFields = 512;
  static constexpr double kLeastExplained = 0.5;  ///< to begin; half of it to go on

  /// REQUIRES: 0 < alpha < 1.
  explicit NoiseControl(double alpha);

  void AddRaw(const Outcome& outcome);
  /// The outcome of comparing two answers of legacy to one request. False where they could not be compared.
  bool AddControl(const Outcome& outcome);

  /// Decides anew which fields are hidden; some microseconds a field, so it is for several times a second and not for every request.
  void Refresh();
  /// Marks the fields that are noise as hidden, as of the last Refresh; none where the status differs. Whether nothing else differs.
  bool Mark(Outcome& outcome) const;

  [[nodiscard]] std::vector<FieldNoise> Fields() const;
  /// All fields together: exchanges that differ in any field, between legacy and target and within legacy.
  [[nodiscard]] FieldNoise Total() const;
  /// Those that differed within legacy, as of the last Refresh.
  [[nodiscard]] const std::vector<FieldNoise>& noisy() const { return noisy_; }

 private:
  struct Seen {
    double raw = 0, control = 0;  // exchanges in which it differed
  };
  bool Add(const Outcome& outcome, double Seen::* count, analysis::Counts& total);
  [[nodiscard]] FieldNoise Judge(const NoisePlace& place, const Seen& seen) const;

  double alpha_;
  analysis::Counts raw_, control_;
  std::map<NoisePlace, Seen> fields_;
  std::set<NoisePlace> hidden_;
  std::vector<FieldNoise> noisy_;
};

}  // namespace softmig::compare
