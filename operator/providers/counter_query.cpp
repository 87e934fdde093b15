#include "providers/counter_query.hpp"

#include <algorithm>
#include <array>

namespace softmig::providers {
namespace {

constexpr std::size_t kMaxName = 40;  // of a function, in the reason

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

/// Functions over a range. MetricsQL allows to leave the range out.
constexpr std::array<std::string_view, 33> kOverRange{"changes",
                                                      "decreases_over_time",
                                                      "delta",
                                                      "delta_prometheus",
                                                      "deriv",
                                                      "deriv_fast",
                                                      "double_exponential_smoothing",
                                                      "histogram_avg",
                                                      "histogram_fraction",
                                                      "histogram_quantile",
                                                      "histogram_quantiles",
                                                      "histogram_share",
                                                      "histogram_stddev",
                                                      "histogram_stdvar",
                                                      "holt_winters",
                                                      "hoeffding_bound_lower",
                                                      "hoeffding_bound_upper",
                                                      "idelta",
                                                      "ideriv",
                                                      "increase",
                                                      "increase_prometheus",
                                                      "increase_pure",
                                                      "increases_over_time",
                                                      "integrate",
                                                      "irate",
                                                      "lag",
                                                      "lifetime",
                                                      "predict_linear",
                                                      "rate",
                                                      "rate_prometheus",
                                                      "resets",
                                                      "rollup",
                                                      "scrape_interval"};

constexpr std::array<std::string_view, 22> kAggregations{
    "any", "avg",    "bottomk", "count", "count_values", "distinct", "geomean",   "group",  "limit_ratio", "limitk", "mad",
    "max", "median", "min",     "mode",  "outliersk",    "quantile", "quantiles", "stddev", "stdvar",      "topk",   "zscore"};

bool IsOverRange(std::string_view name) {
  if (name.ends_with("_over_time")) return true;
  for (const std::string_view start : {"rollup_", "range_", "running_"}) {
    if (name.starts_with(start)) return true;
  }
  return std::ranges::find(kOverRange, name) != kOverRange.end();
}

bool IsAggregation(std::string_view name) {
  for (const std::string_view start : {"topk_", "bottomk_", "outliers_"}) {
    if (name.starts_with(start)) return true;
  }
  return std::ranges::find(kAggregations, name) != kAggregations.end();
}

struct Token {
  enum class Kind { kEnd, kName, kOpen, kRange, kOther };
  Kind kind = Kind::kEnd;
  std::string text{};  ///< of a name, in lower case: keywords and aggregations are the same in upper case
};

/// Gives the tokens that matter, one after the other. Strings, comments, numbers and label matchers are skipped.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  Token Next() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (IsNameStart(c)) return Name();
      if (IsDigit(c)) {
        SkipNumber();
        return {Token::Kind::kOther};
      }
      ++at_;
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
      if (c == '#') {
        SkipComment();
        continue;
      }
      if (IsQuote(c)) SkipString(c);
      if (c == '{') SkipMatchers();
      if (c == '(') return {Token::Kind::kOpen};
      if (c == '[') return {Token::Kind::kRange};
      return {Token::Kind::kOther};
    }
    return {};
  }

 private:
  static bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }

  Token Name() {
    Token token{Token::Kind::kName};
    for (; at_ < text_.size() && IsNamePart(text_[at_]); ++at_) {
      const char c = text_[at_];
      token.text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return token;
  }
  void SkipNumber() {
    while (at_ < text_.size() && (IsNamePart(text_[at_]) || text_[at_] == '.')) ++at_;
  }
  void SkipComment() { at_ = std::min(text_.find('\n', at_), text_.size()); }
  void SkipString(char quote) {
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && quote != '`') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }
  void SkipMatchers() {
    int depth = 1;
    while (at_ < text_.size() && depth > 0) {
      const char c = text_[at_++];
      if (IsQuote(c)) SkipString(c);
      if (c == '#') SkipComment();
      if (c == '{') ++depth;
      if (c == '}') --depth;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string Shown(const std::string& name) { return name.substr(0, kMaxName) + (name.size() > kMaxName ? "…" : "") + "()"; }

std::string OverRange(const std::string& name) {
  return Shown(name) +
         " gives no counts: its windows overlap, it may extrapolate, and it loses the first increment of a series; write the counter "
         "itself, as in requests_total{…}: the differences between polls are taken here";
}

std::string Aggregation(const std::string& name) {
  return Shown(name) +
         " does not grow with requests; write the counter itself, as in requests_total{…}, or sum by (pod) (requests_total{…})";
}

std::string Range() {
  return "a range […] gives no counts: polls would count the same requests again; write the counter itself without it, as in "
         "requests_total{…}: the differences between polls are taken here";
}

}  // namespace

std::optional<std::string> NotACounter(std::string_view promql) {
  Tokens tokens(promql);
  Token before;
  while (true) {
    Token token = tokens.Next();
    if (token.kind == Token::Kind::kEnd) return std::nullopt;
    const bool was_name = before.kind == Token::Kind::kName;
    const bool called = was_name && token.kind == Token::Kind::kOpen;
    const bool grouped = was_name && token.kind == Token::Kind::kName && (token.text == "by" || token.text == "without");
    if (called && IsOverRange(before.text)) return OverRange(before.text);
    if ((called || grouped) && IsAggregation(before.text)) return Aggregation(before.text);
    if (token.kind == Token::Kind::kRange) return Range();
    before = std::move(token);
  }
}

}  // namespace softmig::providers
