#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "analysis/counts_judge.hpp"
#include "analysis/judge.hpp"
#include "base/result.hpp"
#include "model/route_state.hpp"

namespace softmig::decide {

/// It is not there, as far as the API server's own answer goes.
struct Missing {
  std::string why;
  bool operator==(const Missing&) const = default;
};
/// We could not find out.
struct Failed {
  std::string error;
  bool operator==(const Failed&) const = default;
};

/// What was seen, or why nothing was. Nothing is judged here.
template <typename T>
using Observed = std::variant<T, Missing, Failed>;

/// A Service with its EndpointSlices.
struct BackendState {
  bool port_found = false;
  int ready_endpoints = 0;
  bool operator==(const BackendState&) const = default;
};

/// A route object as one router reads it.
struct RouteObservation {
  Observed<model::RouteState> state = Missing{};
  std::optional<std::string> snapshot;        ///< what Save gave; only gathered while the object (by its uid) is not saved
  std::optional<std::string> snapshot_error;  ///< why Save could not
  bool restore_pending = false;               ///< Restore of what is saved would still change something
  std::vector<model::RouteProblem> claims;    ///< other migrations that claim the same rules, or make the same route
  // Of routes with a template.
  bool ours = false;                                      ///< it was made from this migration's template, or handed over to it
  bool template_pending = false;                          ///< ours, and the template was edited since it was written
  std::optional<model::RouteProblem> template_problem{};  ///< why the edited template must not be written now
  std::optional<std::string> refused{};                   ///< how the API server answered the last try to write the template of this spec
};

/// One metric of one component as the poller knows it. Nothing at all: not asked yet in this process.
struct MetricObservation {
  /// A further answer: it becomes the latest, and begins, continues or ends a row of breaches.
  void TakeLatest(analysis::Judgement judgement);

  std::optional<analysis::Judgement> latest;
  std::optional<analysis::Judgement> decisive;  ///< the last that was a pass or a breach
  std::optional<base::WallTime> breach_since;   ///< when the first of the breaches in a row up to the latest arrived
  /// What is known of counts that are judged by evidence; the judgements then are about all of it, not about the last window.
  std::shared_ptr<const analysis::CountsView> counts;
};

/// Everything a decision rests on besides spec, status and time.
struct Observation {
  std::string uid;  ///< of the SoftMigration
  std::int64_t generation = 0;
  bool deleting = false;
  bool finalizer_present = false;
  bool header_flags_supported = true;
  Observed<BackendState> legacy = Missing{};
  Observed<BackendState> target = Missing{};
  Observed<BackendState> bridge = Missing{};                                 ///< where the spec has one behind a route
  std::map<std::string, RouteObservation> routes;                            ///< by RouteRef::name; no entry: nobody looked
  std::map<std::pair<std::string, std::string>, MetricObservation> metrics;  ///< by (component, metric)
};

/// The side answers: the port is there and has at least one ready endpoint.
inline bool Serves(const Observed<BackendState>& side) {
  const auto* state = std::get_if<BackendState>(&side);
  return state != nullptr && state->port_found && state->ready_endpoints > 0;
}
/// The side is known not to answer. A failed look is neither.
inline bool KnownDead(const Observed<BackendState>& side) { return !Serves(side) && !std::holds_alternative<Failed>(side); }

}  // namespace softmig::decide
