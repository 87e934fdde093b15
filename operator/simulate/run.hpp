#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/codec.hpp"
#include "simulate/trace.hpp"
#include "simulate/world.hpp"

namespace softmig::simulate {

/// Something the operator would have told.
struct TimelineEvent {
  base::Millis at{0};
  bool warning = false;
  std::string reason, message;
};

/// A weight that a component had.
struct TimelineStep {
  std::string component;
  int weight = 0;
  base::Millis from{0};
  std::optional<base::Millis> until;  ///< nothing: to the end
  base::Millis hold{0};               ///< what the plan asked for
  double requests = 0;                ///< of the target
};

/// What one metric of counts saw of the target's users.
struct Harm {
  std::string component, metric;
  double requests = 0;
  double bad = 0;
  double on_legacy = 0;  ///< bad requests that the same users would have had on legacy
};

struct Timeline {
  base::Millis ended{0};
  model::Status status;  ///< as it was then
  bool cut_off = false;  ///< it might have gone on
  std::vector<TimelineEvent> events;
  std::vector<TimelineStep> steps;
  std::vector<Harm> harm;
};

struct Limits {
  base::WallTime begin{};
  std::optional<base::Millis> longest;  ///< nothing: all holds and a week
};

inline constexpr std::int64_t kMostPolls = 20'000'000;

/// Plays the migration from nothing until it is complete, rolled back, or longer than the limit. kInvalid where a metric can never be
/// judged or the plan has too many polls (kMostPolls) for the limit.
base::Result<Timeline> Run(const model::Spec& spec, const Trace& trace, const Limits& limits);

/// What the operator would do with a live migration in its next passes, were all routes and Services well and no metric to say anything
/// new: its Events and the status it would write.
struct NextPasses {
  model::Status status;
  std::vector<decide::Note> notes;
};
NextPasses LookAhead(const model::Spec& spec, const model::Status& status, bool finalizer, base::WallTime now);

}  // namespace softmig::simulate
