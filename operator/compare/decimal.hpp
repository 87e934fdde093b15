#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace softmig::compare {

/// A decimal number as it was written, exactly: digits * 10^exponent. No double ever holds it, so that 9007199254740993 is not
/// 9007199254740992 and 0.1 is not 0.1000000000000000055. Value type; equal numbers are equal values, however they were spelled.
struct Decimal {
  bool negative = false;  ///< never of zero
  std::string digits;     ///< without zeros at either end; empty: zero
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

/// Numbers are taken up to this length, exponents up to a million; what is beyond is compared by its spelling.
inline constexpr std::size_t kMostNumberBytes = 4096;

/// Whether `text` is a number in JSON's grammar. kPlain: of all spellings of one number only one is plain, so that two plain texts that
/// differ are two numbers.
enum class NumberForm : std::uint8_t { kNone, kPlain, kOther };
NumberForm FormOf(std::string_view text);

/// Nothing where it is no JSON number, or too long.
std::optional<Decimal> ParseDecimal(std::string_view text);

/// Whether two JSON numbers are the same Decimal. False where one of them is too long, unless they are spelled the same.
bool IsSameNumber(std::string_view a, std::string_view b);

/// "-12e-1": one spelling for each number.
void AppendTo(const Decimal& number, std::string& out);

/// |a - b| <= most. False where the digits of the three are thousands of places apart.
bool WithinAbsolute(const Decimal& a, const Decimal& b, const Decimal& most);
/// |a - b| <= share * max(|a|, |b|), so that the order does not matter.
bool WithinRelative(const Decimal& a, const Decimal& b, const Decimal& share);

}  // namespace softmig::compare
