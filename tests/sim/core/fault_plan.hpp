#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/random.hpp"

namespace softmig::simulator {

enum class FaultKind {
  // processes
  kCrash,          ///< replica `who` dies; a new one starts after `length`
  kCrashAtWrite,   ///< whoever sends the `amount`th write from `at` on dies: before it leaves (what 0) or once it is applied (what 1)
  kStop,           ///< replica `who` is told to end, and starts again after `length`
  kFreeze,         ///< replica `who` runs no code for `length`
  kFreezeAtWrite,  ///< whoever is about to send the `amount`th write from `at` on is frozen for `length` just before
  kClockJump,      ///< the wall clock of replica `who` jumps by `amount` ms
  // the API server, as replica `who` (-1: each) sees it
  kApiRefused,      ///< connections are refused, streams break
  kApiHangs,        ///< nothing is answered, streams are silent
  kApiErrors,       ///< `amount` percent of the calls are answered `what` (409, 410, 422, 429, 500, 503) and not carried out
  kApiLostAnswers,  ///< `amount` percent of the calls are carried out and never answered
  kApiSlow,         ///< calls take up to `amount` ms longer
  kHangObject,      ///< calls about SoftMigration `what` are not answered
  kStatusErrors,    ///< every write of a SoftMigration is answered `what`
  kWatchCut,        ///< open watches of kind `what` (-1: all) break
  kWatchLag,        ///< watches of kind `what` (-1: all) deliver nothing until the end
  kWatchRefused,    ///< new watches are answered `what`
  kWatchDoubled,    ///< every event comes twice
  kCompact,         ///< old resourceVersions are forgotten
  // metrics of migration `who` (-1: all)
  kMetricFault,  ///< answers are of mode `what` (see MetricMode)
  kBreach,       ///< the target's component `what` fails: errors (amount 0) or latency (amount 1); length 0: for good
  // the cluster around
  kEndpointsGone,  ///< side `what` (0 legacy, 1 target) of migration `who` has only `amount` ready endpoints of two
  kServiceGone,    ///< its Service is deleted, and made anew
  kGateway,        ///< the gateway of route `who` behaves as `what` (see GatewayMode)
  // people
  kPause,         ///< spec.paused of migration `who`
  kDesired,       ///< spec.desiredPhase (what 0 Pending, 1 Shift); Complete again after `length`, for good where that is 0
  kAttempt,       ///< spec.attempt is raised
  kDelete,        ///< the SoftMigration is deleted
  kEditHold,      ///< a hold gets longer
  kEditMetric,    ///< a limit is edited: evidence begins anew
  kTouch,         ///< somebody annotates the SoftMigration again and again
  kRouteWeights,  ///< somebody sets the weights of route `who`
  kRouteFight,    ///< somebody sets them again and again
  kRouteRule,     ///< somebody adds a rule in front
  kRouteGone,     ///< somebody deletes the route, and makes it anew
  kCount
};

enum class MetricMode { kNaN, kEmpty, kMany, kStale, kServerError, kHangs, kDown, kGarbage, kReset, kNegative, kCount };
enum class GatewayMode { kObeys, kLate, kNever, kIgnores, kRefuses, kCount };

/// One thing that goes wrong. Value type; one line of text: "kind at=1.5 for=2 who=0 what=1 amount=10" (seconds).
struct Fault {
  FaultKind kind = FaultKind::kCrash;
  Time at{};
  Time length{};
  int who = 0;
  int what = 0;
  int amount = 0;
  bool operator==(const Fault&) const = default;
};
using FaultPlan = std::vector<Fault>;

std::string_view Name(FaultKind kind);
std::string ToText(const Fault& fault);
/// Nothing where the line is none.
std::optional<Fault> ParseFault(std::string_view line);

struct Scenario;
/// Why a fault cannot happen in this world: it is about a replica, route or migration that is not there, or no such thing exists.
std::optional<std::string> WhyImpossible(const Scenario& scenario, const Fault& fault);
/// Faults for this world, in the order of their times.
FaultPlan DrawPlan(const Scenario& scenario, Random& random);

}  // namespace softmig::simulator
