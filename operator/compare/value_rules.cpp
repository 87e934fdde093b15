#include "compare/value_rules.hpp"

#include <algorithm>
#include <chrono>

#include "base/time_format.hpp"

namespace softmig::compare {
namespace {

bool IsScalar(const Value& value) {
  return value.kind == ValueKind::kNull || value.kind == ValueKind::kBool || value.kind == ValueKind::kNumber ||
         value.kind == ValueKind::kString;
}

/// Of a number, or of a text that is one.
std::optional<Decimal> NumberOf(const Value& value) {
  if (value.kind != ValueKind::kNumber && value.kind != ValueKind::kString) return std::nullopt;
  return ParseDecimal(value.text);
}

}  // namespace

bool Allows(const Ignore& /*rule*/, const Value& /*legacy*/, const Value& /*target*/, const IdContext& /*ids*/) { return true; }

bool Allows(const CompiledTolerance& rule, const Value& legacy, const Value& target, const IdContext& /*ids*/) {
  const auto left = NumberOf(legacy);
  const auto right = NumberOf(target);
  if (!left || !right) return false;
  return (rule.absolute && WithinAbsolute(*left, *right, *rule.absolute)) ||
         (rule.relative && WithinRelative(*left, *right, *rule.relative));
}

bool Allows(const AsDecimal& /*rule*/, const Value& legacy, const Value& target, const IdContext& /*ids*/) {
  const auto left = NumberOf(legacy);
  return left && left == NumberOf(target);
}

bool Allows(const Unordered& /*rule*/, const Value& /*legacy*/, const Value& /*target*/, const IdContext& /*ids*/) { return false; }

bool Allows(const CompiledPattern& rule, const Value& legacy, const Value& target, const IdContext& /*ids*/) {
  return IsScalar(legacy) && IsScalar(target) && rule.Fits(legacy.text, target.text);
}

bool Allows(const Pairs& rule, const Value& legacy, const Value& target, const IdContext& /*ids*/) {
  if (!IsScalar(legacy) || !IsScalar(target)) return false;
  return std::ranges::any_of(rule.values, [&](const auto& pair) { return pair.first == legacy.text && pair.second == target.text; });
}

bool Allows(const SameId& rule, const Value& legacy, const Value& target, const IdContext& ids) {
  if (!IsScalar(legacy) || !IsScalar(target) || legacy.kind == ValueKind::kNull || target.kind == ValueKind::kNull) return false;
  if (ids.known->Contradicts(rule.map, legacy.text, target.text) || ids.seen->Contradicts(rule.map, legacy.text, target.text)) return false;
  if (!ids.is_trial) ids.seen->Learn(rule.map, legacy.text, target.text);
  return true;
}

bool Allows(const ClockSkew& rule, const Value& legacy, const Value& target, const IdContext& /*ids*/) {
  if (legacy.kind != ValueKind::kString || target.kind != ValueKind::kString) return false;
  const auto left = base::ParseRfc3339(legacy.text);
  const auto right = base::ParseRfc3339(target.text);
  return left && right && std::chrono::abs(*left - *right) <= rule.most;
}

}  // namespace softmig::compare
