#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compare/path.hpp"
#include "compare/rule_set.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

/// The places of one body that differ, all elements of a list being one place; found again in some nanoseconds, so that a body of which
/// every row differs costs little more than one of which one does. Bounded: of very many places the later ones are only counted.
/// Names and values are views of the bodies. Not thread-safe.
class FieldTable {
 public:
  using Id = std::uint16_t;
  static constexpr Id kRoot = 0;
  static constexpr Id kNone = 0xFFFF;  ///< the table is full
  static constexpr std::size_t kMost = 512;

  FieldTable() {
    slots_.fill(kNone);
    Clear();
  }
  void Clear();

  Id Child(Id parent, const Step& step);
  /// The rules about a field, once somebody has said them.
  [[nodiscard]] const RuleMask* FindRules(Id field) const { return entries_[field].has_rules ? &entries_[field].rules : nullptr; }
  void SetRules(Id field, RuleMask rules);
  /// One place more where the field differs; of kNone it is only known that something did.
  void Note(Id field, const Value& legacy, const Value& target);

  /// Adds the fields that differ, merged by their text and without values beyond kMostFields.
  void AppendTo(const RuleSet& rules, Outcome& outcome);

 private:
  struct Entry {
    Id parent = kNone;
    Id slot = 0;
    Step step;
    RuleMask rules = 0;
    bool has_rules = false;
    std::size_t count = 0;  ///< places where it differs
    Value legacy, target;   ///< of the first
    bool mixed = false;     ///< FieldDifference::mixed
  };
  /// Until the next call.
  const std::vector<Step>& PlaceOf(Id field);

  std::vector<Entry> entries_;
  std::vector<Step> place_;            // keeps its memory
  std::array<Id, 2 * kMost> slots_{};  // by hash; kNone: free
  bool is_full_ = false;               // something differed for which there was no room
};

}  // namespace softmig::compare
