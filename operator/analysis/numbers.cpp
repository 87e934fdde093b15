#include "analysis/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace softmig::analysis {
namespace {

std::string Format(double number, int digits) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::general, digits);
  return error == std::errc() ? std::string(buffer.data(), end) : std::string("?");
}

}  // namespace

std::string Shortest(double number) {
  const double shown = number == 0 ? 0 : number;  // no "-0"
  // Whole numbers in full as long as a double holds them exactly.
  if (std::abs(shown) < 9e15 && shown == std::floor(shown)) return std::to_string(static_cast<long long>(shown));
  return Format(shown, 12);
}

std::string PercentText(double rate, double limit) {
  const double percent = rate * 100;
  const double rounded = std::round(percent * 100) / 100;
  const auto hides = [&](const std::string& text) { return rate != limit && text == Shortest(limit * 100); };
  if (std::string text = Shortest(rounded); !hides(text) && (rounded != 0 || percent == 0)) return text;
  std::string text = Format(percent, 2);
  return rounded != 0 || hides(text) ? Format(percent, 6) : text;
}

}  // namespace softmig::analysis
