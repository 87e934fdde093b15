#include "model/safe_text.hpp"

#include <algorithm>
#include <limits>

namespace softmig::model {
namespace {

constexpr std::string_view kEllipsis = "…";

unsigned char Byte(std::string_view text, std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; }

/// Bytes of the well-formed UTF-8 character at the front; 0 where it is malformed (RFC 3629, table of section 4).
std::size_t CharacterBytes(std::string_view text) {
  const unsigned char lead = Byte(text, 0), second = Byte(text, 1);
  const auto is_tail = [&](std::size_t at) { return (Byte(text, at) & 0xC0U) == 0x80; };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0, surrogate = lead == 0xED && second > 0x9F;
    return is_tail(1) && is_tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90, beyond = lead == 0xF4 && second > 0x8F;
    return is_tail(1) && is_tail(2) && is_tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// How far the text is well-formed.
std::size_t ValidBytes(std::string_view text) {
  std::size_t good = 0;
  while (good < text.size()) {
    if (Byte(text, good) < 0x80) {  // most of what there is
      ++good;
      continue;
    }
    const std::size_t bytes = CharacterBytes(text.substr(good));
    if (bytes == 0) break;
    good += bytes;
  }
  return good;
}

std::size_t EscapedBytes(char c) { return c == '"' || c == '\\' ? 2 : 1; }

/// Control characters become spaces: these texts are lines.
std::string Clean(std::string_view text) {
  std::string clean = ValidUtf8(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return clean;
}

/// Bytes that clean text takes within a JSON string.
std::size_t JsonBytes(std::string_view text) {
  std::size_t bytes = 0;
  for (const char c : text) bytes += EscapedBytes(c);
  return bytes;
}

/// The longest front of clean text that takes at most `max_bytes`.
std::string_view Front(std::string_view text, std::size_t max_bytes) {
  std::size_t used = 0, end = 0;
  while (end < text.size()) {
    const std::size_t bytes = CharacterBytes(text.substr(end));
    const std::size_t cost = bytes == 1 ? EscapedBytes(text[end]) : bytes;
    if (used + cost > max_bytes) break;
    used += cost;
    end += bytes;
  }
  return text.substr(0, end);
}

}  // namespace

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (true) {
    const std::size_t good = ValidBytes(text);
    valid += text.substr(0, good);
    if (good == text.size()) return valid;
    valid += '?';
    text.remove_prefix(good + 1);
  }
}

std::string CutText(std::string_view text, std::size_t max_bytes) {
  // Four bytes of input give at least one of output, so what lies far beyond the limit need not be cleaned.
  std::string clean = Clean(text.substr(0, std::min(text.size(), max_bytes * 4 + 8)));
  if (JsonBytes(clean) <= max_bytes) return clean;
  if (max_bytes < kEllipsis.size()) return std::string(Front(clean, max_bytes));
  return std::string(Front(clean, max_bytes - kEllipsis.size())) + std::string(kEllipsis);
}

std::size_t FairTextLimit(const std::vector<BoundedText>& texts, std::size_t pool) {
  std::size_t at_most = 0;  // cleaning makes no text longer, and an escape has two bytes
  for (const BoundedText& text : texts) at_most += std::min(text.text.size() * 2, text.max_bytes);
  if (at_most <= pool) return std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> sizes;
  sizes.reserve(texts.size());
  for (const BoundedText& text : texts) sizes.push_back(JsonBytes(CutText(text.text, text.max_bytes)));
  return FairLimit(std::move(sizes), pool);
}

std::size_t FairLimit(std::vector<std::size_t> sizes, std::size_t pool) {
  std::sort(sizes.begin(), sizes.end());
  std::size_t left = sizes.size();
  for (const std::size_t size : sizes) {
    const std::size_t share = pool / left;
    if (size > share) return share;
    pool -= size;
    --left;
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace softmig::model
