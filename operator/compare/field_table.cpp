#include "compare/field_table.hpp"

#include <algorithm>

#include "compare/same_bytes.hpp"

namespace softmig::compare {
namespace {

/// Length, beginning and end of a name: enough to tell the members of one object apart, and no hostile one can do worse than fill the
/// table.
std::uint64_t HashOf(FieldTable::Id parent, const Step& step) {
  const char* const name = step.key.data();
  const std::size_t size = step.key.size();
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  if (size >= 8) {
    front = LoadWord<std::uint64_t>(name);
    back = LoadWord<std::uint64_t>(name + size - 8);
  } else if (size >= 4) {
    front = LoadWord<std::uint32_t>(name);
    back = LoadWord<std::uint32_t>(name + size - 4);
  } else if (size > 0) {
    front = LoadWord<std::uint8_t>(name);
    back = (std::uint64_t{LoadWord<std::uint8_t>(name + size / 2)} << 8U) + LoadWord<std::uint8_t>(name + size - 1);
  }
  std::uint64_t hash = (front ^ (back << 7U)) + size * 0x9E3779B97F4A7C15ULL + (step.is_element ? 1 : 0);
  hash = (hash ^ (std::uint64_t{parent} << 40U)) * 0xD6E8FEB86659FD93ULL;
  return hash ^ (hash >> 32U);
}

bool IsSame(const Step& a, const Step& b) {
  return a.is_element == b.is_element && a.key.size() == b.key.size() && IsSameBytes(a.key.data(), b.key.data(), a.key.size());
}

}  // namespace

void FieldTable::Clear() {
  for (const Entry& entry : entries_) slots_[entry.slot] = kNone;
  entries_.assign(1, Entry());
  is_full_ = false;
}

FieldTable::Id FieldTable::Child(Id parent, const Step& step) {
  if (parent == kNone) return kNone;
  std::size_t slot = HashOf(parent, step) % slots_.size();
  for (; slots_[slot] != kNone; slot = (slot + 1) % slots_.size()) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.parent == parent && IsSame(entry.step, step)) return slots_[slot];
  }
  if (entries_.size() >= kMost) return kNone;
  slots_[slot] = static_cast<Id>(entries_.size());
  Entry& entry = entries_.emplace_back();
  entry.parent = parent;
  entry.slot = static_cast<Id>(slot);
  entry.step = step;
  return slots_[slot];
}

void FieldTable::SetRules(Id field, RuleMask rules) {
  entries_[field].rules = rules;
  entries_[field].has_rules = true;
}

void FieldTable::Note(Id field, const Value& legacy, const Value& target) {
  if (field == kNone) {
    is_full_ = true;
    return;
  }
  Entry& entry = entries_[field];
  if (entry.count++ > 0) {
    entry.mixed = entry.mixed || entry.legacy.kind != legacy.kind || entry.target.kind != target.kind;
    return;
  }
  entry.legacy = legacy;
  entry.target = target;
}

const std::vector<Step>& FieldTable::PlaceOf(Id field) {
  place_.clear();
  for (; field != kRoot; field = entries_[field].parent) place_.push_back(entries_[field].step);
  std::ranges::reverse(place_);
  return place_;
}

void FieldTable::AppendTo(const RuleSet& rules, Outcome& outcome) {
  outcome.more_fields = outcome.more_fields || is_full_;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.count == 0) continue;
    const std::vector<Step>& place = PlaceOf(static_cast<Id>(i));
    std::string path = PlaceText(place);
    const bool is_critical = rules.IsCritical(place);
    const auto same = std::ranges::find(outcome.fields, path, &FieldDifference::path);
    if (same != outcome.fields.end()) {
      same->count += entry.count;
      same->critical = same->critical || is_critical;
      same->mixed = same->mixed || entry.mixed || same->legacy.kind != entry.legacy.kind || same->target.kind != entry.target.kind;
    } else if (outcome.fields.size() >= kMostFields) {
      outcome.more_fields = true;
    } else {
      outcome.fields.push_back(
          {std::move(path), entry.legacy, entry.target, entry.count, is_critical, rules.IsShown(place), false, entry.mixed});
    }
  }
}

}  // namespace softmig::compare
