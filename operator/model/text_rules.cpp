#include "model/text_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace softmig::model {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerAlnum(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); }
bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

/// Drops and counts the characters at the front for which `is` holds.
std::size_t TakeWhile(std::string_view& text, bool (*is)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), is);
  const auto count = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(count);
  return count;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Digits, and where there is a point, 1 to `most` digits after it.
bool TakeNumber(std::string_view& text, std::size_t most_before, std::size_t most_after) {
  const std::size_t before = TakeWhile(text, IsDigit);
  if (before == 0 || before > most_before) return false;
  if (!TakePrefix(text, ".")) return true;
  const std::size_t after = TakeWhile(text, IsDigit);
  return after > 0 && after <= most_after;
}

bool TakeHost(std::string_view& text) {
  if (!TakePrefix(text, "[")) return TakeWhile(text, [](char c) { return IsAlnum(c) || c == '.' || c == '-'; }) > 0;
  const auto is_ipv6 = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.'; };
  return TakeWhile(text, is_ipv6) > 0 && TakePrefix(text, "]");
}

bool HasLabelShape(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

}  // namespace

bool IsPointer(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    if (!TakePrefix(text, "/")) return false;
    const auto is_plain = [](char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '-'; };
    if (TakeWhile(text, is_plain) == 0) return false;
  }
  return true;
}

bool IsSpecPointer(std::string_view text) { return text.starts_with("/spec/") && IsPointer(text); }

bool IsApiVersion(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !IsDnsSubdomain(text.substr(0, slash))) return false;
  return IsDnsLabel(text.substr(slash + 1));
}

bool IsKind(std::string_view text) {
  const bool is_capital = !text.empty() && text.front() >= 'A' && text.front() <= 'Z';
  return is_capital && std::all_of(text.begin(), text.end(), IsAlnum);
}

bool IsDnsLabel(std::string_view text) { return text.size() <= 63 && HasLabelShape(text); }

bool IsDnsSubdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!HasLabelShape(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsHeaderName(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || kMarks.find(c) != std::string_view::npos; });
}

bool IsHeaderValue(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool IsOurHeader(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kOurs{
      "accept-encoding", "connection",        "content-length", "expect", "host", "keep-alive", "proxy-authorization", "te",
      "trailer",         "transfer-encoding", "upgrade"};
  return std::find(kOurs.begin(), kOurs.end(), LowerAscii(std::string(name))) != kOurs.end();
}

bool IsOwnHeaderName(std::string_view text) { return IsHeaderName(text) && !IsOurHeader(text); }

bool IsSecretKey(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsDuration(std::string_view text) {
  if (text == "0") return true;
  if (text.empty() || text.size() > 32) return false;
  while (!text.empty()) {
    if (!TakeNumber(text, 32, 32)) return false;
    if (!TakePrefix(text, "ms") && !TakePrefix(text, "s") && !TakePrefix(text, "m") && !TakePrefix(text, "h")) return false;
  }
  return true;
}

bool IsDecimal(std::string_view text) {
  TakePrefix(text, "-");
  return TakeNumber(text, 15, 9) && text.empty();
}

bool IsRate(std::string_view text) {
  std::string_view rest = text;
  if (!TakeNumber(rest, 1, 9) || !rest.empty()) return false;
  if (text.front() == '0') return true;
  return text == "1" || (text.front() == '1' && text.find_first_not_of('0', 2) == std::string_view::npos);
}

bool IsChance(std::string_view text) {
  const auto number = ParseDecimal(text);
  return IsRate(text) && number && *number >= 1e-6 && *number <= 0.5;
}

bool IsShare(std::string_view text) {
  const auto number = ParseDecimal(text);
  return IsRate(text) && number && *number > 0 && *number < 1;
}

bool IsRatio(std::string_view text) {
  const auto number = ParseDecimal(text);
  std::string_view rest = text;
  return TakeNumber(rest, 3, 9) && rest.empty() && number && *number >= 1 && *number <= 100;
}

bool IsPositiveDecimal(std::string_view text) {
  const auto number = ParseDecimal(text);
  return number && *number > 0;
}

bool IsHttpAddress(std::string_view text) {
  if (!TakePrefix(text, "http://") && !TakePrefix(text, "https://")) return false;
  if (!TakeHost(text)) return false;
  if (TakePrefix(text, ":")) {
    const std::size_t digits = TakeWhile(text, IsDigit);
    if (digits == 0 || digits > 5) return false;
  }
  if (text.empty()) return true;
  if (!TakePrefix(text, "/")) return false;
  TakeWhile(text, [](char c) { return IsAlnum(c) || std::string_view("._~/-").find(c) != std::string_view::npos; });
  return text.empty();
}

bool IsUrlPath(std::string_view text) {
  const bool begins = text.starts_with('/') || text.starts_with('?');
  return begins && HasOnlyKnownPlaceholders(text) && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool IsSelection(std::string_view text) { return text.starts_with('{') || text.starts_with('$') || text.starts_with('/'); }

bool HasOnlyKnownPlaceholders(std::string_view text) {
  constexpr std::array<std::string_view, 6> kKnown{"namespace}}", "name}}", "component}}", "legacy}}", "target}}", "service}}"};
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    at += 2;
    const std::string_view rest = text.substr(at);
    if (std::none_of(kKnown.begin(), kKnown.end(), [&](std::string_view known) { return rest.starts_with(known); })) return false;
  }
  return true;
}

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string LowerAscii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::optional<double> ParseDecimal(std::string_view text) {
  if (!IsDecimal(text)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace softmig::model
