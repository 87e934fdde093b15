#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare/comparer.hpp"

namespace softmig::compare::testing {

/// The rules of a spec.compare written as JSON; fails the test where it is refused.
inline std::shared_ptr<const RuleSet> RulesOf(const std::string& compare, std::string_view component = "all") {
  const ParsedCompareSpec parsed = ParseCompareSpec(nlohmann::json::parse(compare), "spec.compare");
  for (const model::FieldError& error : parsed.errors) ADD_FAILURE() << error.path << ": " << error.message;
  const auto rules = RuleSet::Make(parsed.spec, component);
  if (!rules) ADD_FAILURE() << rules.error().message;
  return rules ? *rules : nullptr;
}

/// {"rules": [one rule]}
inline std::string Rule(const std::string& rule) { return R"({"rules": [)" + rule + "]}"; }

inline Answer JsonAnswer(std::string body) { return {200, {{"content-type", "application/json"}}, std::move(body), false, {}}; }

inline Exchange JsonExchange(std::string legacy, std::string target) {
  return {JsonAnswer(std::move(legacy)), JsonAnswer(std::move(target))};
}

/// What a test looks at, without views that end with the comparer.
struct Told {
  Verdict verdict = Verdict::kEqual;
  Reason reason = Reason::kNone;
  std::vector<std::string> fields;
  bool operator==(const Told&) const = default;
};

inline Told Tell(const Outcome& outcome) {
  Told told{outcome.verdict, outcome.reason, {}};
  for (const FieldDifference& field : outcome.fields) told.fields.push_back(field.path);
  return told;
}

inline Told CompareAnswers(const Exchange& exchange, const std::string& compare = "{}") {
  Comparer comparer(RulesOf(compare), {});
  return Tell(comparer.Compare(exchange, IdMaps(100)));
}

inline Told CompareJson(const std::string& legacy, const std::string& target, const std::string& compare = "{}") {
  return CompareAnswers(JsonExchange(legacy, target), compare);
}

inline const Told kSame{Verdict::kEqual, Reason::kNone, {}};
inline const Told kAfterRules{Verdict::kEqualAfterRules, Reason::kNone, {}};
inline Told Differs(std::vector<std::string> fields) { return {Verdict::kDiffers, Reason::kNone, std::move(fields)}; }
inline Told Cannot(Reason reason) { return {Verdict::kUncomparable, reason, {}}; }

inline void PrintTo(const Told& told, std::ostream* out) {
  *out << Name(told.verdict) << " " << Name(told.reason);
  for (const std::string& field : told.fields) *out << " " << field;
}

}  // namespace softmig::compare::testing
