#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconcile/count_poll.hpp"
#include "scenario/world.hpp"

namespace softmig::scenario {

/// What a metrics source says of one side's two counters.
enum class Answers { kWell, kGone, kBadGone, kNaN, kError, kNegative, kBadAboveTotal, kStandsStill };

/// The counters of one side: they grow evenly, in stretches. Remembers all of them, as a source does that can be asked about the past.
class SideCounters {
 public:
  /// From `now` on: requests and bad ones a second.
  void Grow(WallTime now, double total, double bad);
  void Answer(WallTime now, Answers how);
  /// Bad and total as the source tells them of an instant.
  [[nodiscard]] std::pair<model::Reading, model::Reading> At(WallTime instant) const;

 private:
  struct Stretch {
    WallTime from{};
    double total = 0, bad = 0;  ///< counted until `from`
    double per_second = 0, bad_per_second = 0;
    Answers how = Answers::kWell;
    [[nodiscard]] std::pair<double, double> CountsAt(WallTime instant) const;
  };
  [[nodiscard]] const Stretch& Of(WallTime instant) const;
  /// The present stretch ends: the next one begins with its counts.
  Stretch& Next(WallTime now);

  std::vector<Stretch> stretches_ = {{}};
};

/// One metric of one component whose counts are judged by evidence: its source, and what a process remembers of it. It asks as the operator
/// does, with the operator's own code.
class CountedMetric {
 public:
  SideCounters target, legacy;
  base::Millis late{0};  ///< how long the source takes to know of a request

  /// Asks for everything that is due; forgets while nothing is to be judged, and begins anew where the evidence is about something else.
  void Poll(const World& world, const std::string& component, const model::MetricSpec& metric);
  /// The process died.
  void Forget();
  /// Nothing: not asked yet.
  [[nodiscard]] const std::optional<decide::MetricObservation>& seen() const { return seen_; }
  [[nodiscard]] std::string Describe() const;

 private:
  void Begin(const World& world, const std::string& component, const model::MetricSpec& metric);
  [[nodiscard]] std::vector<reconcile::CountAnswer> Ask(const reconcile::Instants& instants, WallTime now) const;

  std::string about_;  ///< what the evidence is about: another spec or attempt begins anew
  std::optional<reconcile::CountPlan> plan_;
  reconcile::CountMemory memory_;
  std::optional<decide::MetricObservation> seen_;
};

}  // namespace softmig::scenario
