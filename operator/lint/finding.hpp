#pragma once

#include <span>
#include <string>
#include <string_view>

namespace softmig::lint {

enum class Severity { kError, kWarning, kNote };

/// What can be found. Names in the table below are stable: people silence and count them.
enum class Rule {
  kInvalidYaml,
  kDoubleKey,
  kInvalidObject,
  kInvalidField,
  kNotACounter,
  kNeverPasses,
  kLegacyViolates,
  kEvidenceIsSlow,
  kAllAtOnce,
  kHoldTooShort,
  kNothingJudged,
  kTemplateProblem,
  kTemplateSendsToTarget,
  kSameQueries,
  kGapRollsBack,
  kOnlyHolds,
  kLooseOdds,
  kCredentialsInClear,
  kCredentialInSpec,
  kOneReplica,
  kEvidenceNeeds,
  kNoZero,
  kLateData,
  kNothingMoves,
  kAcceptanceUnknown,
  kStatusIgnored,
  kNoNamespace,
  kOtherObject,
};

struct RuleText {
  Rule rule;
  std::string_view name;
  Severity severity;
  std::string_view title;  ///< one sentence: what it says of a manifest
  std::string_view help;   ///< what to do
};

/// All rules, in the order of Rule.
std::span<const RuleText> Rules();
const RuleText& TextOf(Rule rule);
/// "error", "warning", "note": as SARIF calls them too.
std::string_view Name(Severity severity);

/// One thing found. `line` and `column` begin at 1; 0: not known.
struct Finding {
  Rule rule = Rule::kInvalidField;
  std::string path;  ///< "spec.plan.shift.steps[0].weight"; empty: the object or the file as a whole
  std::string message;
  std::string object{};  ///< "shop/payments"; empty: no object, or one without a name
  std::string file{};
  int line = 0, column = 0;
};

}  // namespace softmig::lint
