#include "cli/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace softmig::cli {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 11> kTrue{"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 11> kFalse{"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};

template <typename Words>
bool IsOneOf(const Words& words, std::string_view text) {
  return std::ranges::find(words, text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Base {
  int base = 10;
  std::size_t prefix = 0;
};

/// 0x1f, 0b101, 0o17 and 017.
Base BaseOf(std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') return {};
  switch (digits[1]) {
    case 'x':
    case 'X': return {16, 2};
    case 'b':
    case 'B': return {2, 2};
    case 'o':
    case 'O': return {8, 2};
    default: return {8, 1};
  }
}

std::optional<json> AsInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto [base, prefix] = BaseOf(text);
  const std::string_view digits = text.substr(prefix);
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (!negative) return json(value);
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return json(-static_cast<std::int64_t>(value));
}

/// Digits with at most one point and an exponent; never a word such as "inf".
bool LooksLikeFloat(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t exponent = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, exponent);
  const bool plain = std::ranges::all_of(mantissa, [](char c) { return IsDigit(c) || c == '.'; });
  if (!plain || std::ranges::count(mantissa, '.') > 1 || std::ranges::none_of(mantissa, IsDigit)) return false;
  if (exponent == std::string_view::npos) return true;
  std::string_view power = text.substr(exponent + 1);
  if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
  return !power.empty() && std::ranges::all_of(power, IsDigit);
}

std::optional<json> AsFloat(std::string_view text) {
  if (!LooksLikeFloat(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  constexpr double kExact = 9e15;
  // In JSON 10.0 and 10 are the same number, and the API server takes either for a whole one.
  if (std::trunc(value) == value && std::abs(value) < kExact) return json(static_cast<std::int64_t>(value));
  return json(value);
}

}  // namespace

json PlainScalar(const std::string& text) {
  if (IsOneOf(kTrue, text)) return true;
  if (IsOneOf(kFalse, text)) return false;
  if (IsOneOf(kNull, text)) return nullptr;
  const char first = text.front();
  if (!IsDigit(first) && first != '-' && first != '+' && first != '.') return text;
  std::string bare = text;
  std::erase(bare, '_');
  if (auto integer = AsInteger(bare)) return std::move(*integer);
  if (auto number = AsFloat(bare)) return std::move(*number);
  return text;
}

}  // namespace softmig::cli
