#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "compare/decimal.hpp"
#include "compare/pattern.hpp"
#include "compare/rule_set.hpp"

namespace softmig::compare {

/// The kinds of rules about one value, ready to use. Each Allows is pure but for the ids it notes.
struct CompiledTolerance {
  std::optional<Decimal> absolute, relative;
};

bool Allows(const Ignore& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const CompiledTolerance& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const AsDecimal& rule, const Value& legacy, const Value& target, const IdContext& ids);
/// Never: it is about how a list is walked (json_walk).
bool Allows(const Unordered& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const CompiledPattern& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const Pairs& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const SameId& rule, const Value& legacy, const Value& target, const IdContext& ids);
bool Allows(const ClockSkew& rule, const Value& legacy, const Value& target, const IdContext& ids);

}  // namespace softmig::compare
