#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "compare/compare_spec.hpp"
#include "compare/id_maps.hpp"
#include "compare/path.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

/// Which rules of a set are meant: a bit for each.
using RuleMask = std::uint64_t;

/// What rules may look up and note while one exchange is compared.
struct IdContext {
  const IdMaps* known = nullptr;  ///< from exchanges before; must outlive the call
  IdMaps* seen = nullptr;         ///< in this exchange
  bool is_trial = false;          ///< nothing is noted: it is only being tried whether two values would be the same
};

/// Of all rules with their components and of the headers that are compared, not of their order. Compiles nothing.
std::uint64_t HashOfRules(const CompareSpec& spec);
/// Of those of one component: what RuleSet::hash is.
std::uint64_t HashOfRules(const CompareSpec& spec, std::string_view component);

/// The rules of one component, compiled once. Immutable and thread-safe: shared by all workers.
class RuleSet {
 public:
  /// kInvalid with the rule's number for a spec that ParseCompareSpec refuses.
  static base::Result<std::shared_ptr<const RuleSet>> Make(const CompareSpec& spec, std::string_view component);
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;
  ~RuleSet();

  /// Of the rules and of the headers that are compared, not of their order. Verdicts under different hashes are different evidence.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  /// Names in lower case, sorted.
  [[nodiscard]] const std::vector<std::string>& headers() const { return headers_; }
  /// Whether the capture has to keep this header (in lower case): it is compared, or says how to read the body.
  [[nodiscard]] bool Captures(std::string_view header) const;

  /// The rules about a place in the body; of kIgnore also those about what it is a part of.
  [[nodiscard]] RuleMask ForBody(std::span<const Step> place) const;
  /// The rules about a header or trailer (lower case), or the status (no name).
  [[nodiscard]] RuleMask ForField(Path::Root root, std::string_view name) const;
  [[nodiscard]] bool has_body_rules() const { return has_body_rules_; }
  [[nodiscard]] bool has_unordered() const { return unordered_ != 0; }
  [[nodiscard]] bool has_ignore() const { return ignore_ != 0; }

  [[nodiscard]] bool Ignores(RuleMask rules) const { return (rules & ignore_) != 0; }
  /// The first rule that says that order does not count; null for none.
  [[nodiscard]] const Unordered* FindUnordered(RuleMask rules) const;
  /// Whether one of the rules allows that legacy has one value and the target the other.
  [[nodiscard]] bool Allows(RuleMask rules, const Value& legacy, const Value& target, const IdContext& ids) const;

  [[nodiscard]] bool IsCritical(std::span<const Step> place) const;
  [[nodiscard]] bool IsShown(std::span<const Step> place) const;
  [[nodiscard]] bool IsCritical(Path::Root root, std::string_view name) const;
  [[nodiscard]] bool IsShown(Path::Root root, std::string_view name) const;

 private:
  struct Compiled;
  RuleSet();
  base::Status Add(const Rule& rule);

  std::uint64_t hash_ = 0;
  std::vector<std::string> headers_;
  std::vector<Compiled> rules_;
  std::vector<Path> critical_, shown_;
  RuleMask ignore_ = 0, unordered_ = 0;
  bool has_body_rules_ = false;
};

}  // namespace softmig::compare
