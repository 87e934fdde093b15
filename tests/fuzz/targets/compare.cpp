#include <algorithm>
#include <nlohmann/json.hpp>

#include "compare/comparer.hpp"
#include "compare/difference_sample.hpp"
#include "fuzz/targets/require.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::fuzz {
namespace {

using compare::Exchange;
using compare::Outcome;
using compare::Verdict;

compare::Answer AnswerOf(std::string_view encoding, std::string_view body) {
  return {200, {{"content-type", "application/json"}, {"content-encoding", std::string(encoding)}}, std::string(body), false, {}};
}

void CheckOutcome(const Outcome& outcome) {
  Require((outcome.verdict == Verdict::kDiffers) == !outcome.fields.empty() || outcome.more_fields, "what differs is named");
  Require((outcome.verdict == Verdict::kUncomparable) == (outcome.reason != compare::Reason::kNone),
          "only what is uncomparable has a reason");
  Require(outcome.fields.size() <= compare::kMostFields, "the fields are bounded");
  for (const compare::FieldDifference& field : outcome.fields) {
    Require(IsUtf8(field.path) && !HasControlBytes(field.path), "a path can be shown: " + field.path);
    Require(field.count > 0, "a field that is named differs somewhere");
  }
  compare::DifferenceSample sample(*compare::ValueDigest::Make("0123456789abcdef"), 8);
  sample.Add("all", outcome, {});
  Require(!sample.ToJson().dump().empty(), "a sample can be written");
}

std::shared_ptr<const compare::RuleSet> RulesOf(std::string_view text) {
  const auto json = kube::ParseJson(text);
  if (!json) return nullptr;
  const compare::ParsedCompareSpec parsed = compare::ParseCompareSpec(*json, "spec.compare");
  for (const model::FieldError& error : parsed.errors) {
    Require(error.path.starts_with("spec.compare") && IsUtf8(error.path), "an error names its field");
    Require(!error.message.empty() && IsUtf8(error.message), "an error says what is wrong");
  }
  if (!parsed.errors.empty()) return nullptr;
  const auto rules = compare::RuleSet::Make(parsed.spec, "all");
  Require(rules.has_value(), "what was accepted can be compiled");
  return *rules;
}

bool IsSame(Verdict verdict) { return verdict == Verdict::kEqual || verdict == Verdict::kEqualAfterRules; }

}  // namespace

int FuzzCompare(Bytes data) {
  std::string_view text = TextOf(data);
  const std::string_view rule_text = TakeLine(text);
  const std::string_view encoding = TakeLine(text);
  const std::string_view legacy = TakeLine(text);
  const compare::IdMaps ids(16);
  const Exchange exchange{AnswerOf("", legacy), AnswerOf(encoding, text)};
  compare::Comparer plain(*compare::RuleSet::Make({}, "all"), {});
  const Outcome without = plain.Compare(exchange, ids);
  CheckOutcome(without);
  const Verdict verdict = without.verdict;
  const Outcome self = plain.Compare({AnswerOf("", legacy), AnswerOf("", legacy)}, ids);
  Require(self.verdict == Verdict::kEqual, "an answer is the same as itself");
  const Outcome back = plain.Compare({AnswerOf(encoding, text), AnswerOf("", legacy)}, ids);
  Require(IsSame(back.verdict) == IsSame(verdict), "sides may be exchanged");
  const auto rules = RulesOf(rule_text);
  if (!rules) return 0;
  compare::Comparer comparer(rules, {});
  const Outcome with = comparer.Compare(exchange, ids);
  CheckOutcome(with);
  Require(!IsSame(verdict) || IsSame(with.verdict) || with.reason == compare::Reason::kTooComplex, "rules only ever allow");
  Require(comparer.Compare(exchange, ids).verdict == with.verdict, "the same exchange, the same verdict");
  return 0;
}

}  // namespace softmig::fuzz
