#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "model/codec.hpp"

namespace softmig::compare {

/// What a rule allows at the places that it is about. Numbers are exact: decimal texts stay texts.
struct Ignore {
  bool operator==(const Ignore&) const = default;
};
/// Numbers, or texts that hold one, that are so near each other. One of the two is enough where both are set.
struct Tolerance {
  std::optional<std::string> absolute, relative;
  bool operator==(const Tolerance&) const = default;
};
/// The same number, whether as text or as number.
struct AsDecimal {
  bool operator==(const AsDecimal&) const = default;
};
/// A list in any order. Elements belong together that have the same member `key`; without a key, those that are the same.
struct Unordered {
  std::string key;
  bool operator==(const Unordered&) const = default;
};
/// Both values have this form (RE2, of the whole text) and the same text in each of its groups.
struct Pattern {
  std::string text;
  bool operator==(const Pattern&) const = default;
};
/// Legacy's value and the target's for it.
struct Pairs {
  std::vector<std::pair<std::string, std::string>> values;
  bool operator==(const Pairs&) const = default;
};
/// Each system has ids of its own; the same one of legacy always stands for the same one of the target, within one `map`.
struct SameId {
  std::string map;
  bool operator==(const SameId&) const = default;
};
/// RFC 3339 texts that are at most so far apart.
struct ClockSkew {
  base::Millis most{0};
  bool operator==(const ClockSkew&) const = default;
};

struct Rule {
  std::string path;
  std::vector<std::string> components;  ///< empty: all
  std::variant<Ignore, Tolerance, AsDecimal, Unordered, Pattern, Pairs, SameId, ClockSkew> allows;
  bool operator==(const Rule&) const = default;
};

/// `spec.compare` of a SoftMigration, defaulted and valid.
struct CompareSpec {
  std::vector<std::string> headers{"content-type"};  ///< compared, lower case; all others are not even captured
  std::vector<Rule> rules;
  std::vector<std::string> critical;  ///< paths whose differences are never taken for noise
  std::vector<std::string> shown;     ///< paths whose values may be shown in clear
  int controls = 1;                   ///< percent of safe requests that legacy is asked twice, to know its own noise
  bool operator==(const CompareSpec&) const = default;
};

inline constexpr std::size_t kMostRules = 64;  ///< RuleSet has a bit for each
inline constexpr std::size_t kMostHeaders = 16;
inline constexpr std::size_t kMostPaths = 32;
inline constexpr std::size_t kMostPairs = 64;
inline constexpr std::size_t kMostPatternBytes = 512;

struct ParsedCompareSpec {
  CompareSpec spec;                       ///< meaningful only where errors is empty
  std::vector<model::FieldError> errors;  ///< with the field's path; of paths and patterns with the place in them
};

/// Reads `spec.compare`; `path` is its own path, for the errors. Pure, never throws, bounded.
ParsedCompareSpec ParseCompareSpec(const nlohmann::json& compare, const std::string& path);

}  // namespace softmig::compare
