#include "compare/json_walk.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "compare/decimal.hpp"
#include "compare/same_bytes.hpp"

namespace softmig::compare {
namespace {

/// An object with more members than this is a map: their names are data.
constexpr std::uint32_t kMostFieldNames = 64;

bool IsSameText(const JsonNode& a, const JsonNode& b) { return a.size == b.size && IsSameBytes(a.text, b.text, a.size); }
bool IsSameKey(const JsonNode& a, const JsonNode& b) { return a.key_size == b.key_size && IsSameBytes(a.key, b.key, a.key_size); }

Value ValueOf(const JsonNode& node) { return {node.kind, node.Text()}; }

}  // namespace

std::vector<const JsonNode*> SortedMembers(const JsonNode* from, const JsonNode* to) {
  std::vector<const JsonNode*> members;
  for (; from != to; from += from->span) members.push_back(from);
  std::ranges::sort(members, {}, [](const JsonNode* node) { return std::pair(node->Key(), node); });
  return members;
}

bool IsSameScalar(const JsonNode& a, const JsonNode& b) {
  if (IsSameText(a, b)) return true;
  if (a.kind != ValueKind::kNumber || (a.is_plain && b.is_plain)) return false;
  return IsSameNumber(a.Text(), b.Text());
}

WalkResult JsonWalk::Run(const JsonNode& legacy, const JsonNode& target, const IdContext& ids) {
  ids_ = ids;
  fields_.Clear();
  result_ = {};
  steps_ = 0;
  too_complex_ = false;
  Compare(legacy, target);
  result_.too_complex = too_complex_;
  return result_;
}

void JsonWalk::Spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ > kMostSteps) too_complex_ = true;
}

void JsonWalk::Enter(const Step& step) { place_.push_back(step); }

void JsonWalk::Leave() {
  place_.pop_back();
  if (ids_of_place_.size() > place_.size()) ids_of_place_.pop_back();
}

FieldTable::Id JsonWalk::Field() {
  while (ids_of_place_.size() < place_.size()) {
    const FieldTable::Id parent = ids_of_place_.empty() ? FieldTable::kRoot : ids_of_place_.back();
    ids_of_place_.push_back(fields_.Child(parent, place_[ids_of_place_.size()]));
  }
  return ids_of_place_.empty() ? FieldTable::kRoot : ids_of_place_.back();
}

RuleMask JsonWalk::Rules() {
  if (!use_rules_ || !rules_.has_body_rules()) return 0;
  const FieldTable::Id field = Field();
  if (field != FieldTable::kNone) {
    if (const RuleMask* known = fields_.FindRules(field)) return *known;
  }
  Spend(kMostRules);
  const RuleMask rules = rules_.ForBody(place_);
  if (field != FieldTable::kNone) fields_.SetRules(field, rules);
  return rules;
}

void JsonWalk::Differ(const Value& legacy, const Value& target) {
  if (IsAllowed(legacy, target)) {
    if (!is_trial_) result_.excused = true;
  } else if (is_trial_) {
    failed_ = true;
  } else {
    result_.differs = true;
    fields_.Note(Field(), legacy, target);
  }
}

bool JsonWalk::IsAllowed(const Value& legacy, const Value& target) {
  const RuleMask rules = Rules();
  if (rules == 0) return false;
  Spend(static_cast<std::size_t>(std::popcount(rules)));
  ids_.is_trial = is_trial_;
  return rules_.Allows(rules, legacy, target, ids_);
}

void JsonWalk::OnlyOne(const JsonNode* legacy, const JsonNode* target) {
  Spend(1);
  Differ(legacy != nullptr ? ValueOf(*legacy) : Value(), target != nullptr ? ValueOf(*target) : Value());
}

void JsonWalk::Compare(const JsonNode& legacy, const JsonNode& target) {
  Spend(1);
  if (IsOver()) return;
  if (legacy.kind != target.kind) return Differ(ValueOf(legacy), ValueOf(target));
  switch (legacy.kind) {
    case ValueKind::kObject:
      if (!IsSameText(legacy, target)) CompareMembers(legacy, target);
      return;
    case ValueKind::kArray:
      if (!IsSameText(legacy, target)) CompareLists(legacy, target);
      return;
    default:
      if (!IsSameScalar(legacy, target)) Differ(ValueOf(legacy), ValueOf(target));
  }
}

void JsonWalk::CompareMember(const JsonNode& legacy, const JsonNode& target, bool is_data) {
  Enter({legacy.Key(), false, is_data});
  Compare(legacy, target);
  Leave();
}

void JsonWalk::CompareMembers(const JsonNode& legacy, const JsonNode& target) {
  const bool is_data = std::max(legacy.members, target.members) > kMostFieldNames;
  const JsonNode* left = legacy.begin();
  const JsonNode* right = target.begin();
  for (; left != legacy.end() && right != target.end() && IsSameKey(*left, *right); left += left->span, right += right->span) {
    if (left->kind == right->kind && IsSameText(*left, *right)) continue;  // most members of most bodies
    CompareMember(*left, *right, is_data);
    if (IsOver()) return;
  }
  if (left != legacy.end() || right != target.end()) CompareRest(left, legacy.end(), right, target.end());
}

/// From where the names no longer go along with each other.
void JsonWalk::CompareRest(const JsonNode* legacy, const JsonNode* legacy_end, const JsonNode* target, const JsonNode* target_end) {
  const std::vector<const JsonNode*> left = SortedMembers(legacy, legacy_end);
  const std::vector<const JsonNode*> right = SortedMembers(target, target_end);
  const bool is_data = std::max(left.size(), right.size()) > kMostFieldNames;
  Spend((left.size() + right.size()) * 8);
  std::size_t i = 0;
  std::size_t j = 0;
  while ((i < left.size() || j < right.size()) && !IsOver()) {
    const bool has_left = i < left.size() && (j == right.size() || left[i]->Key() <= right[j]->Key());
    const bool has_right = j < right.size() && (i == left.size() || right[j]->Key() <= left[i]->Key());
    if (has_left && has_right) {
      CompareMember(*left[i], *right[j], is_data);
    } else {
      Enter({has_left ? left[i]->Key() : right[j]->Key(), false, is_data});
      OnlyOne(has_left ? left[i] : nullptr, has_right ? right[j] : nullptr);
      Leave();
    }
    i += has_left ? 1 : 0;
    j += has_right ? 1 : 0;
  }
}

void JsonWalk::CompareLists(const JsonNode& legacy, const JsonNode& target) {
  const Unordered* unordered = use_rules_ && rules_.has_unordered() ? rules_.FindUnordered(Rules()) : nullptr;
  if (unordered != nullptr) {
    CompareUnordered(legacy, target, *unordered);
  } else {
    CompareInOrder(legacy, target);
  }
}

void JsonWalk::CompareInOrder(const JsonNode& legacy, const JsonNode& target) {
  Enter({{}, true, false});
  const JsonNode* left = legacy.begin();
  const JsonNode* right = target.begin();
  for (; left != legacy.end() && right != target.end() && !IsOver(); left += left->span, right += right->span) Compare(*left, *right);
  for (; left != legacy.end() && !IsOver(); left += left->span) OnlyOne(left, nullptr);
  for (; right != target.end() && !IsOver(); right += right->span) OnlyOne(nullptr, right);
  Leave();
}

}  // namespace softmig::compare
