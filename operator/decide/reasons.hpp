#pragma once

#include <string_view>

/// Stable codes used alike in conditions, events, logs and rollback records. Never rename one: alerts and scripts match them.
namespace softmig::decide::reason {

// Preconditions; the migration moves on by itself when they are met.
inline constexpr std::string_view kServiceNotFound = "ServiceNotFound";
inline constexpr std::string_view kPortNotFound = "PortNotFound";
inline constexpr std::string_view kNoReadyEndpoints = "NoReadyEndpoints";
inline constexpr std::string_view kRouteNotFound = "RouteNotFound";
inline constexpr std::string_view kRouteNotAccepted = "RouteNotAccepted";
inline constexpr std::string_view kReadFailed = "ReadFailed";
inline constexpr std::string_view kMetricNotReady = "MetricNotReady";
inline constexpr std::string_view kCeilingReached = "CeilingReached";
inline constexpr std::string_view kPaused = "Paused";

// Problems that need a person. Further ones come from the routers: RuleNotFound, RuleAmbiguous, ThirdBackend,
// ForeignBackend, TooManyRules, HeaderConflict, RouteMalformed.
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kRuleClaimedTwice = "RuleClaimedTwice";
inline constexpr std::string_view kOwnershipConflict = "OwnershipConflict";
inline constexpr std::string_view kLegacyNotServing = "LegacyNotServing";
inline constexpr std::string_view kUnsupportedByRouter = "UnsupportedByRouter";
inline constexpr std::string_view kRouteTooLarge = "RouteTooLarge";
inline constexpr std::string_view kRouteMadeTwice = "RouteMadeTwice";
inline constexpr std::string_view kTemplateRefused = "TemplateRefused";
inline constexpr std::string_view kTemplateNotApplied = "TemplateNotApplied";

// Why users were taken back.
inline constexpr std::string_view kMetricBreached = "MetricBreached";
inline constexpr std::string_view kNoEvidence = "NoEvidence";
inline constexpr std::string_view kTargetNotServing = "TargetNotServing";
inline constexpr std::string_view kBridgeNotServing = "BridgeNotServing";

// Where it is.
inline constexpr std::string_view kEntered = "Entered";
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kShifting = "Shifting";
inline constexpr std::string_view kCompleted = "Completed";
inline constexpr std::string_view kRollingBack = "RollingBack";
inline constexpr std::string_view kRolledBack = "RolledBack";
inline constexpr std::string_view kApplied = "Applied";
inline constexpr std::string_view kApplying = "Applying";
inline constexpr std::string_view kNotAdopted = "NotAdopted";
inline constexpr std::string_view kHealthy = "Healthy";
inline constexpr std::string_view kMissingEvidence = "MissingEvidence";
inline constexpr std::string_view kEvidenceAgainst = "EvidenceAgainst";
inline constexpr std::string_view kEvidenceIsSlow = "EvidenceIsSlow";
inline constexpr std::string_view kLegacyViolates = "LegacyViolatesTolerance";
inline constexpr std::string_view kNotJudged = "NotJudged";
inline constexpr std::string_view kDriftCorrected = "DriftCorrected";
inline constexpr std::string_view kRouteMadeAgain = "RouteMadeAgain";
inline constexpr std::string_view kTemplateUnused = "TemplateUnused";
inline constexpr std::string_view kInProgress = "InProgress";

}  // namespace softmig::decide::reason
