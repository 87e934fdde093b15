#pragma once

#include <cstddef>
#include <cstdint>

/// Bounds of a SoftMigration. The CRD (crds/) says the same numbers; tests/unit/model/spec_cases.json holds both to them.
namespace softmig::model::limits {

inline constexpr std::size_t kErrors = 32;
inline constexpr std::size_t kRoutes = 8;
inline constexpr std::size_t kTemplateRules = 16;
inline constexpr std::size_t kTemplateParents = 32;
inline constexpr std::size_t kTemplateMarks = 32;  ///< labels, and as many annotations
inline constexpr std::size_t kTemplateLabelLength = 63;
inline constexpr std::size_t kTemplateAnnotationLength = 4096;
inline constexpr std::int64_t kBridgeReplicas = 16;
inline constexpr std::size_t kComponents = 16;
inline constexpr std::size_t kRulesPerComponent = 16;
inline constexpr std::size_t kMatchesPerRule = 8;
inline constexpr std::size_t kHeadersPerMatch = 16;
inline constexpr std::size_t kSteps = 32;
inline constexpr std::size_t kFlags = 4;
inline constexpr std::size_t kHeadersPerFlag = 4;
inline constexpr std::size_t kMetrics = 10;
inline constexpr std::size_t kQueryLength = 2048;
inline constexpr std::size_t kBodyLength = 4096;
inline constexpr std::size_t kSourceHeaders = 8;
inline constexpr std::size_t kVerdicts = 6;  ///< of a bridge, that may be bad
inline constexpr std::int64_t kAccounts = 1'000'000'000'000'000;
inline constexpr std::int64_t kAttempts = 1'000'000'000;
inline constexpr std::int64_t kMinRequests = 1'000'000'000;
inline constexpr std::int64_t kComparisons = 1'000'000'000'000;

// Status only. Byte counts of the JSON text, escapes included.
inline constexpr std::size_t kConditions = 12;
inline constexpr std::size_t kNameBytes = 63;
inline constexpr std::size_t kEvidenceBytes = 512;
inline constexpr std::size_t kWaitingForBytes = 512;
inline constexpr std::size_t kMessageBytes = 1024;
/// What evidence, waitingFor and messages may take together, so that the worst status stays below kStatusBytes.
inline constexpr std::size_t kTextPool = 14 * 1024;
inline constexpr std::size_t kStatusBytes = 64 * 1024;  ///< without SavedRoute::saved, the checkpoint and the last decision
inline constexpr std::size_t kAskedBytes = 1024;
inline constexpr std::size_t kOddsBytes = 32;
/// What the texts of the last decision may take together, so that it stays below kDecisionBytes.
inline constexpr std::size_t kDecisionPool = 8 * 1024;
inline constexpr std::size_t kDecisionBytes = 16 * 1024;
inline constexpr std::size_t kEvidenceRecords = kComponents * kMetrics;
inline constexpr std::size_t kEvidenceStateBytes = 3'072;  ///< about 600 for a simple metric; a longer one is not written

}  // namespace softmig::model::limits
