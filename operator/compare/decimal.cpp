#include "compare/decimal.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

namespace softmig::compare {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr std::int64_t kMostExponent = 1'000'000;
constexpr std::int64_t kMostPlaces = 2 * static_cast<std::int64_t>(kMostNumberBytes);

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t SkipDigits(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

/// The parts of a JSON number; `exponent` without its letter.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction, exponent;
};

std::optional<Parts> Split(std::string_view text) {
  Parts parts;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  parts.negative = at == 1;
  std::size_t end = SkipDigits(text, at);
  if (end == at || (text[at] == '0' && end > at + 1)) return std::nullopt;
  parts.whole = text.substr(at, end - at);
  if (end < text.size() && text[end] == '.') {
    at = end + 1;
    end = SkipDigits(text, at);
    if (end == at) return std::nullopt;
    parts.fraction = text.substr(at, end - at);
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    at = end + 1;
    std::size_t digits = at;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
    end = SkipDigits(text, digits);
    if (end == digits) return std::nullopt;
    parts.exponent = text.substr(at, end - at);
  }
  if (end != text.size()) return std::nullopt;
  return parts;
}

std::optional<std::int64_t> ExponentOf(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
    if (value > kMostExponent) return std::nullopt;
  }
  return negative ? -value : value;
}

void Normalize(Decimal& number) {
  number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
  const std::size_t last = number.digits.find_last_not_of('0');
  if (last == std::string::npos) {
    number = Decimal();
    return;
  }
  number.exponent += static_cast<std::int64_t>(number.digits.size() - last - 1);
  number.digits.resize(last + 1);
}

/// The number in units of 10^exponent; nothing where that takes too many digits. REQUIRES: exponent <= number.exponent, or zero.
std::optional<Integer> InUnitsOf(const Decimal& number, std::int64_t exponent) {
  if (number.digits.empty()) return Integer(0);
  const std::int64_t zeros = number.exponent - exponent;
  if (zeros + static_cast<std::int64_t>(number.digits.size()) > kMostPlaces) return std::nullopt;
  Integer value(number.digits + std::string(static_cast<std::size_t>(zeros), '0'));
  return number.negative ? Integer(-value) : value;
}

/// Two numbers in the same unit.
struct Aligned {
  Integer a, b;
  std::int64_t exponent = 0;
};

std::optional<Aligned> Align(const Decimal& a, const Decimal& b, std::int64_t at_most) {
  std::int64_t exponent = at_most;
  if (!a.digits.empty()) exponent = std::min(exponent, a.exponent);
  if (!b.digits.empty()) exponent = std::min(exponent, b.exponent);
  auto left = InUnitsOf(a, exponent);
  auto right = InUnitsOf(b, exponent);
  if (!left || !right) return std::nullopt;
  return Aligned{std::move(*left), std::move(*right), exponent};
}

/// Of a number without an exponent the one plain spelling (NumberForm::kPlain); nothing for others and for what is too long.
std::optional<std::string_view> PlainOf(std::string_view text) {
  const auto is_exponent = [](char c) { return c == 'e' || c == 'E'; };
  if (text.size() > kMostNumberBytes || std::ranges::any_of(text, is_exponent)) return std::nullopt;
  if (text.find('.') != std::string_view::npos) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  return text == "-0" ? "0" : text;
}

}  // namespace

NumberForm FormOf(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_digits = [&] {
    const char* const from = at;
    while (at != end && IsDigit(*at)) ++at;
    return at - from;
  };
  if (at != end && *at == '-') ++at;
  const char* const whole = at;
  const auto digits = skip_digits();
  if (digits == 0 || (digits > 1 && *whole == '0')) return NumberForm::kNone;
  bool is_plain = text != "-0";
  if (at != end && *at == '.') {
    ++at;
    if (skip_digits() == 0) return NumberForm::kNone;
    is_plain = at[-1] != '0';
  }
  if (at == end) return is_plain ? NumberForm::kPlain : NumberForm::kOther;
  return Split(text) ? NumberForm::kOther : NumberForm::kNone;
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  if (text.size() > kMostNumberBytes) return std::nullopt;
  const auto parts = Split(text);
  if (!parts) return std::nullopt;
  const auto exponent = ExponentOf(parts->exponent);
  if (!exponent) return std::nullopt;
  Decimal number;
  number.negative = parts->negative;
  number.digits.append(parts->whole).append(parts->fraction);
  number.exponent = *exponent - static_cast<std::int64_t>(parts->fraction.size());
  Normalize(number);
  return number;
}

bool IsSameNumber(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left_plain = PlainOf(a);
  const auto right_plain = PlainOf(b);
  if (left_plain && right_plain) return *left_plain == *right_plain;
  const auto left = ParseDecimal(a);
  return left && left == ParseDecimal(b);
}

void AppendTo(const Decimal& number, std::string& out) {
  if (number.negative) out += '-';
  out += number.digits;
  out += 'e';
  out += std::to_string(number.exponent);
}

bool WithinAbsolute(const Decimal& a, const Decimal& b, const Decimal& most) {
  if (a == b) return true;
  const auto numbers = Align(a, b, most.digits.empty() ? a.exponent : most.exponent);
  if (!numbers) return false;
  const auto limit = InUnitsOf(most, numbers->exponent);
  return limit && boost::multiprecision::abs(numbers->a - numbers->b) <= *limit;
}

bool WithinRelative(const Decimal& a, const Decimal& b, const Decimal& share) {
  if (a == b) return true;
  const auto numbers = Align(a, b, a.exponent);
  if (!numbers) return false;
  // share is digits * 10^exponent: with the exponent below 0, the left side is multiplied instead.
  const Integer larger = std::max(Integer(boost::multiprecision::abs(numbers->a)), Integer(boost::multiprecision::abs(numbers->b)));
  const auto factor = InUnitsOf(share, std::min<std::int64_t>(share.exponent, 0));
  const auto unit = InUnitsOf(Decimal{false, "1", 0}, std::min<std::int64_t>(share.exponent, 0));
  return factor && unit && boost::multiprecision::abs(numbers->a - numbers->b) * *unit <= *factor * larger;
}

}  // namespace softmig::compare
