#include "lint/finding.hpp"

#include <array>

namespace softmig::lint {
namespace {

constexpr Severity kError = Severity::kError;
constexpr Severity kWarning = Severity::kWarning;
constexpr Severity kNote = Severity::kNote;

constexpr std::array<RuleText, 28> kRules{{
    {Rule::kInvalidYaml, "InvalidYaml", kError, "The file cannot be read.", "Correct the syntax; nothing behind that place was looked at."},
    {Rule::kDoubleKey, "DoubleKey", kError, "A key stands twice in one mapping.",
     "Remove one of them: kubectl takes the last, other tools refuse the file."},
    {Rule::kInvalidObject, "InvalidObject", kError, "What surrounds the spec would be refused by the API server.",
     "Correct apiVersion, kind or metadata."},
    {Rule::kInvalidField, "InvalidField", kError, "A field of the spec would be refused by the API server.",
     "Correct the field; kubectl explain softmigration.spec describes it."},
    {Rule::kNotACounter, "NotACounter", kError, "A query for counts gives no counter, so nothing could ever be judged.",
     "Give the counter itself: the operator takes the differences."},
    {Rule::kNeverPasses, "NeverPasses", kWarning, "A metric cannot let a step pass, however good the target is.",
     "Raise the tolerance, or judge relative to legacy (notWorseThanLegacy)."},
    {Rule::kLegacyViolates, "LegacyViolatesTolerance", kWarning, "Legacy itself is beyond what is tolerated.",
     "Raise maxRate, or judge by notWorseThanLegacy: the operator does not begin otherwise."},
    {Rule::kEvidenceIsSlow, "EvidenceIsSlow", kWarning, "At the traffic given, evidence takes longer than a step's hold.",
     "Expect longer steps, make the hold as long, or begin with a larger weight."},
    {Rule::kAllAtOnce, "AllAtOnce", kWarning, "The first step moves all users at once.",
     "Begin with a small weight: what is wrong then shows on few users."},
    {Rule::kHoldTooShort, "HoldTooShort", kWarning, "One or two answers of the source decide a step.",
     "Hold for some intervals, or judge counts by evidence (maxRate without minRequests)."},
    {Rule::kNothingJudged, "NothingJudged", kError, "No metric judges a component, so it can never advance.",
     "Add the component to a metric's components, or leave the list out."},
    {Rule::kTemplateProblem, "TemplateProblem", kError, "Users could not be moved by the route of a template.",
     "Give the template the rules that components name, with nothing but legacy and target behind them."},
    {Rule::kTemplateSendsToTarget, "TemplateSendsToTarget", kWarning, "A template sends users to the target from the first moment.",
     "Let the template send everybody to legacy: the operator names the target in its time."},
    {Rule::kSameQueries, "SameQueries", kWarning, "Legacy and target are counted by the same query.",
     "Ask for one side in each: {{service}}, {{legacy}} and {{target}} are filled in."},
    {Rule::kGapRollsBack, "GapRollsBack", kWarning, "A short gap in a metric takes all users back.",
     "Raise plan.onNoEvidence.deadline: a restart of the source takes longer."},
    {Rule::kOnlyHolds, "OnlyHolds", kWarning, "Where it goes wrong, users stay on the target until somebody acts.",
     "Use Rollback unless there is no way back."},
    {Rule::kLooseOdds, "LooseOdds", kWarning, "Wrong decisions are allowed more often than once in ten.",
     "Lower analysis.alpha or analysis.beta."},
    {Rule::kCredentialsInClear, "CredentialsInClear", kWarning, "Credentials go over a connection without TLS.",
     "Use an https:// address."},
    {Rule::kCredentialInSpec, "CredentialInSpec", kWarning, "A header that looks like a credential stands in the spec.",
     "Put it into a Secret and name that instead of the value."},
    {Rule::kOneReplica, "OneReplica", kWarning, "A bridge has one replica: users find nobody while its pod is replaced.",
     "Leave replicas out (2), or give more."},
    {Rule::kEvidenceNeeds, "EvidenceNeeds", kNote, "How much traffic the evidence needs.",
     "Give the traffic with --requests to have the holds checked."},
    {Rule::kNoZero, "NoZero", kNote, "The query for bad requests may have no series before the first one.",
     "Append \"or vector(0)\": until there is a series, nothing is known, and nothing advances."},
    {Rule::kLateData, "LateData", kNote, "Counts arrive later than a step's hold.",
     "Expect each step to last at least as long as analysis.delay."},
    {Rule::kNothingMoves, "NothingMoves", kNote, "The operator moves nobody as long as this stands.",
     "Remove it when the migration shall begin or go on."},
    {Rule::kAcceptanceUnknown, "AcceptanceUnknown", kNote, "Nobody says when a route of this kind has been taken over.",
     "Let a metric see who serves: a step counts as reached once its weight is written."},
    {Rule::kStatusIgnored, "StatusIgnored", kNote, "The API server ignores a status in a manifest.", "Remove it."},
    {Rule::kNoNamespace, "NoNamespace", kNote, "The manifest names no namespace.",
     "It goes to the namespace of whoever applies it, and so do the Services and routes it names."},
    {Rule::kOtherObject, "OtherObject", kNote, "Objects of other kinds were not looked at.", "Nothing: they may be right."},
}};

}  // namespace

std::span<const RuleText> Rules() { return kRules; }

const RuleText& TextOf(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "";
}

}  // namespace softmig::lint
