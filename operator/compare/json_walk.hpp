#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/field_table.hpp"
#include "compare/json_tree.hpp"
#include "compare/rule_set.hpp"

namespace softmig::compare {

/// How two JSON bodies compare.
struct WalkResult {
  bool differs = false;      ///< somewhere no rule allows it; the FieldTable knows where
  bool excused = false;      ///< somewhere a rule allowed it
  bool too_complex = false;  ///< given up: nothing is known
};

/// Compares two JSON trees value by value. Objects are the same in any order of their members (a name that comes twice is compared by its
/// occurrences), numbers where they are the same decimal, texts where they say the same; lists in their order. Rules are asked only where
/// something differs, so without a difference they cost nothing. Bounded: kMostSteps values, rules and tries in all.
/// Keeps its memory from one run to the next; not thread-safe.
class JsonWalk {
 public:
  static constexpr std::size_t kMostSteps = 1'000'000;
  static constexpr std::size_t kMostMatched = 64;  ///< elements of an unordered list without a key that are tried each with each

  /// The rules must outlive it.
  explicit JsonWalk(const RuleSet& rules) : rules_(rules) {}

  WalkResult Run(const JsonNode& legacy, const JsonNode& target, const IdContext& ids);
  /// Of the last run: views of its trees.
  [[nodiscard]] FieldTable& fields() { return fields_; }

 private:
  /// What a trial goes by.
  enum class By { kRules, kText };
  /// An element of an unordered list.
  struct Element {
    const JsonNode* node = nullptr;
    std::string key, text;  ///< canonical
  };
  using Elements = std::vector<Element>;

  void Compare(const JsonNode& legacy, const JsonNode& target);
  void CompareMembers(const JsonNode& legacy, const JsonNode& target);
  void CompareRest(const JsonNode* legacy, const JsonNode* legacy_end, const JsonNode* target, const JsonNode* target_end);
  void CompareMember(const JsonNode& legacy, const JsonNode& target, bool is_data);
  void CompareLists(const JsonNode& legacy, const JsonNode& target);
  void CompareInOrder(const JsonNode& legacy, const JsonNode& target);
  void OnlyOne(const JsonNode* legacy, const JsonNode* target);
  void Differ(const Value& legacy, const Value& target);
  /// Whether a rule about this place allows it.
  bool IsAllowed(const Value& legacy, const Value& target);

  // json_walk_unordered.cpp
  void CompareUnordered(const JsonNode& legacy, const JsonNode& target, const Unordered& rule);
  void CompareByKey(const Elements& legacy, const Elements& target);
  void CompareByContent(const Elements& legacy, const Elements& target);
  void CompareSorted(const Elements& legacy, const Elements& target);
  [[nodiscard]] Elements ElementsOf(const JsonNode& list, const std::string& key);
  [[nodiscard]] std::vector<std::size_t> BestMatch(const Elements& legacy, const Elements& target);
  void AppendCanonical(const JsonNode& node, std::string& out);
  void AppendMembers(const JsonNode& object, std::string& out);
  /// Whether `compare` finds no difference; changes nothing but the steps spent.
  bool Try(By by, const std::function<void()>& compare);

  [[nodiscard]] bool IsOver() const { return too_complex_ || (is_trial_ && failed_); }
  void Spend(std::size_t steps);
  void Enter(const Step& step);
  void Leave();
  FieldTable::Id Field();
  [[nodiscard]] RuleMask Rules();

  const RuleSet& rules_;
  IdContext ids_;
  FieldTable fields_;
  std::vector<Step> place_;
  std::vector<FieldTable::Id> ids_of_place_;  // as far as somebody asked
  WalkResult result_;
  std::size_t steps_ = 0;
  bool too_complex_ = false;
  bool is_trial_ = false;
  bool failed_ = false;    // the trial found a difference
  bool use_rules_ = true;  // false in a trial by text
};

/// Members of one object from one to another, by name; those of one name in the order in which they stand.
std::vector<const JsonNode*> SortedMembers(const JsonNode* from, const JsonNode* to);

/// Whether two values that are no lists and no objects are the same. REQUIRES: the same kind.
bool IsSameScalar(const JsonNode& a, const JsonNode& b);

}  // namespace softmig::compare
