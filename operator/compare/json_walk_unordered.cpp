#include <algorithm>
#include <tuple>

#include "compare/decimal.hpp"
#include "compare/json_walk.hpp"

/// Lists in any order. Two lists are the same where their elements can be paired so that each pair is the same under the rules.
namespace softmig::compare {
namespace {

constexpr std::size_t kUnmatched = SIZE_MAX;

/// With its length in front, so that no text can pretend to be another.
void AppendText(std::string_view text, std::string& out) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void AppendScalar(const JsonNode& node, std::string& out) {
  out += static_cast<char>('a' + static_cast<int>(node.kind));
  const auto number = node.kind == ValueKind::kNumber ? ParseDecimal(node.Text()) : std::nullopt;
  if (!number) return AppendText(node.Text(), out);
  AppendTo(*number, out);
  out += ';';
}

/// Pairs legacy's elements with the target's one by one, taking back earlier pairs where that makes room (augmenting paths).
class Matching {
 public:
  Matching(std::size_t rows, std::size_t columns, std::vector<bool> fits)
      : columns_(columns), fits_(std::move(fits)), row_of_(columns, kUnmatched), column_of_(rows, kUnmatched) {
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<bool> tried(columns, false);
      Place(row, tried);
    }
    for (std::size_t column = 0; column < columns; ++column) {
      if (row_of_[column] != kUnmatched) column_of_[row_of_[column]] = column;
    }
  }
  /// The column of each row, or kUnmatched.
  [[nodiscard]] const std::vector<std::size_t>& columns() const { return column_of_; }

 private:
  bool Place(std::size_t row, std::vector<bool>& tried) {
    for (std::size_t column = 0; column < columns_; ++column) {
      if (!fits_[row * columns_ + column] || tried[column]) continue;
      tried[column] = true;
      if (row_of_[column] != kUnmatched && !Place(row_of_[column], tried)) continue;
      row_of_[column] = row;
      return true;
    }
    return false;
  }

  std::size_t columns_;
  std::vector<bool> fits_;
  std::vector<std::size_t> row_of_, column_of_;
};

}  // namespace

bool JsonWalk::Try(By by, const std::function<void()>& compare) {
  const auto before = std::tuple(is_trial_, failed_, use_rules_);
  is_trial_ = true;
  failed_ = false;
  use_rules_ = use_rules_ && by == By::kRules;
  compare();
  const bool same = !failed_ && !too_complex_;
  std::tie(is_trial_, failed_, use_rules_) = before;
  return same;
}

void JsonWalk::CompareUnordered(const JsonNode& legacy, const JsonNode& target, const Unordered& rule) {
  const auto in_order = [&] { CompareInOrder(legacy, target); };
  if (Try(By::kText, in_order)) return;
  // As they stand, where that does: then this rule takes nothing away from what the others allow.
  if (Try(By::kRules, in_order)) return is_trial_ ? void() : in_order();
  if (IsOver()) return;
  if (!is_trial_) result_.excused = true;
  Enter({{}, true, false});
  const Elements left = ElementsOf(legacy, rule.key);
  const Elements right = ElementsOf(target, rule.key);
  if (!IsOver()) rule.key.empty() ? CompareByContent(left, right) : CompareByKey(left, right);
  Leave();
}

/// Sorted by key and content, so that nothing depends on where they stood.
JsonWalk::Elements JsonWalk::ElementsOf(const JsonNode& list, const std::string& key) {
  Elements elements;
  for (const JsonNode* node = list.begin(); node != list.end() && !IsOver(); node += node->span) {
    Element& element = elements.emplace_back();
    element.node = node;
    AppendCanonical(*node, element.text);
    if (key.empty() || node->kind != ValueKind::kObject) continue;
    const JsonNode* member = node->begin();
    while (member != node->end() && member->Key() != key) member += member->span;
    if (member != node->end()) AppendCanonical(*member, element.key);
  }
  Spend(elements.size() * 8);
  std::ranges::sort(elements, {}, [](const Element& element) { return std::tie(element.key, element.text); });
  return elements;
}

void JsonWalk::CompareByKey(const Elements& legacy, const Elements& target) {
  std::size_t i = 0;
  std::size_t j = 0;
  while ((i < legacy.size() || j < target.size()) && !IsOver()) {
    const bool has_left = i < legacy.size() && (j == target.size() || legacy[i].key <= target[j].key);
    const bool has_right = j < target.size() && (i == legacy.size() || target[j].key <= legacy[i].key);
    if (has_left && has_right) {
      Compare(*legacy[i].node, *target[j].node);
    } else {
      OnlyOne(has_left ? legacy[i].node : nullptr, has_right ? target[j].node : nullptr);
    }
    i += has_left ? 1 : 0;
    j += has_right ? 1 : 0;
  }
}

void JsonWalk::CompareByContent(const Elements& legacy, const Elements& target) {
  Elements left;
  Elements right;
  const auto by_text = [](const Element& a, const Element& b) { return a.text < b.text; };
  std::ranges::set_difference(legacy, target, std::back_inserter(left), by_text);
  std::ranges::set_difference(target, legacy, std::back_inserter(right), by_text);
  if (left.empty() && right.empty()) return;
  // All of them where they are few: what is the same as one element may be the only one that another may be paired with.
  if (std::max(legacy.size(), target.size()) <= kMostMatched) {
    left = legacy;
    right = target;
  }
  if (std::max(left.size(), right.size()) > kMostMatched) return CompareSorted(left, right);
  const std::vector<std::size_t> partner = BestMatch(left, right);
  std::vector<bool> is_taken(right.size(), false);
  Elements left_over;
  Elements right_over;
  for (std::size_t i = 0; i < left.size() && !IsOver(); ++i) {
    if (partner[i] == kUnmatched) {
      left_over.push_back(left[i]);
      continue;
    }
    is_taken[partner[i]] = true;
    Compare(*left[i].node, *right[partner[i]].node);
  }
  for (std::size_t j = 0; j < right.size(); ++j) {
    if (!is_taken[j]) right_over.push_back(right[j]);
  }
  CompareSorted(left_over, right_over);
}

void JsonWalk::CompareSorted(const Elements& legacy, const Elements& target) {
  for (std::size_t i = 0; i < std::max(legacy.size(), target.size()) && !IsOver(); ++i) {
    const JsonNode* left = i < legacy.size() ? legacy[i].node : nullptr;
    const JsonNode* right = i < target.size() ? target[i].node : nullptr;
    if (left != nullptr && right != nullptr) {
      Compare(*left, *right);
    } else {
      OnlyOne(left, right);
    }
  }
}

std::vector<std::size_t> JsonWalk::BestMatch(const Elements& legacy, const Elements& target) {
  std::vector<bool> fits(legacy.size() * target.size(), false);
  for (std::size_t i = 0; i < legacy.size(); ++i) {
    for (std::size_t j = 0; j < target.size() && !too_complex_; ++j) {
      fits[i * target.size() + j] = legacy[i].text == target[j].text || Try(By::kRules, [&] { Compare(*legacy[i].node, *target[j].node); });
    }
  }
  return Matching(legacy.size(), target.size(), std::move(fits)).columns();
}

/// One text for all spellings of a value, without what a rule ignores.
void JsonWalk::AppendCanonical(const JsonNode& node, std::string& out) {
  Spend(1);
  if (IsOver()) return;
  if (node.kind == ValueKind::kObject) {
    AppendMembers(node, out);
  } else if (node.kind == ValueKind::kArray) {
    out += '[';
    Enter({{}, true, false});
    for (const JsonNode* item = node.begin(); item != node.end(); item += item->span) AppendCanonical(*item, out);
    Leave();
    out += ']';
  } else {
    AppendScalar(node, out);
  }
}

void JsonWalk::AppendMembers(const JsonNode& object, std::string& out) {
  out += '{';
  for (const JsonNode* member : SortedMembers(object.begin(), object.end())) {
    Enter({member->Key(), false, false});
    if (!rules_.has_ignore() || !rules_.Ignores(Rules())) {
      AppendText(member->Key(), out);
      AppendCanonical(*member, out);
    }
    Leave();
  }
  out += '}';
}

}  // namespace softmig::compare
