#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/answer.hpp"

namespace softmig::compare {

/// What became of one eligible request. Every eligible request gets exactly one of these.
enum class Verdict : std::uint8_t {
  kEqual,            ///< same status, same headers that count, same body: byte by byte, or value by value where both are JSON
  kEqualAfterRules,  ///< differences, each of which a rule allows
  kDiffers,
  kStatusDiffers,
  kTargetError,  ///< legacy answered, the target did not (refused, reset)
  kTargetTimeout,
  kDropped,       ///< the copy was given up before there were two answers
  kUncomparable,  ///< two answers, but nobody can say
};
inline constexpr std::size_t kVerdicts = 8;

/// Why nothing was compared; kNone for the other verdicts.
enum class Reason : std::uint8_t {
  kNone,
  // dropped
  kBufferFull,
  kBreakerOpen,
  kOverBudget,
  kIncomplete,
  kAgentStalled,  ///< whoever copies could not run for a while, and what had queued up was given up
  kStopping,
  // uncomparable
  kParse,       ///< a body is not the JSON that it claims to be
  kEncoding,    ///< a content encoding that is unknown or broken
  kTruncated,   ///< a body was longer than what is captured
  kTooLarge,    ///< a body is longer than the limit once it is decoded
  kTooComplex,  ///< too deep, too many values or too much work
  kLegacyError,
  kLegacyTimeout,
};
inline constexpr std::size_t kReasons = 14;

/// "equal-after-rules", "legacy-timeout": names in metrics, status and logs.
std::string_view Name(Verdict verdict);
std::string_view Name(Reason reason);

/// What stands at one place of an answer; kAbsent: nothing does.
enum class ValueKind : std::uint8_t { kAbsent, kNull, kBool, kNumber, kString, kArray, kObject, kBytes };
std::string_view Name(ValueKind kind);

/// One value of one side. `text` of a string is the text itself; of a number, list or object its JSON; of kBytes the whole body.
struct Value {
  ValueKind kind = ValueKind::kAbsent;
  std::string_view text;
};

/// A field that differs, wherever in lists it does: `$.items[*].price`.
struct FieldDifference {
  std::string path;       ///< members that look like data are `*`; see docs/compare.md
  Value legacy, target;   ///< of the first place where it differs
  std::size_t count = 0;  ///< places in this answer where it differs
  bool critical = false;  ///< never to be taken for noise
  bool shown = false;     ///< its values may be shown in clear
  bool hidden = false;    ///< taken for noise (noise.hpp); whoever compares does not know
  bool mixed = false;     ///< in some of the places the values are of other kinds than in the first
};

inline constexpr std::size_t kMostFields = 64;  ///< fields named in one outcome

/// The verdict on one exchange, and what it rests on. Values are views of the exchange and of the Comparer: they are gone with the next
/// comparison.
struct Outcome {
  Verdict verdict = Verdict::kEqual;
  Reason reason = Reason::kNone;
  std::optional<Side> side;             ///< whose body could not be read
  std::uint64_t rules_hash = 0;         ///< RuleSet::hash of the rules that it was found under
  std::vector<FieldDifference> fields;  ///< kDiffers and kStatusDiffers: what no rule allows; at most kMostFields
  bool more_fields = false;             ///< fields were left out
};

}  // namespace softmig::compare
