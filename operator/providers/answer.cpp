#include "providers/answer.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

constexpr std::size_t kMaxAddress = 4U << 10U;

std::string Words(std::string_view text) {
  std::string words(text.substr(0, kMaxMessage));
  if (text.size() > kMaxMessage) {
    while (!words.empty() && (static_cast<unsigned char>(words.back()) & 0xC0U) == 0x80U) words.pop_back();
    if (!words.empty() && static_cast<unsigned char>(words.back()) >= 0xC0U) words.pop_back();
  }
  for (char& c : words) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return words;
}

}  // namespace

Reading Fault(std::string_view message) { return {Reading::Kind::kError, 0, Words(message)}; }

std::string AsciiOf(std::string_view body) {
  std::string text(body.substr(0, kMaxMessage));
  for (char& c : text) c = static_cast<unsigned char>(c) >= 0x80 ? '?' : c;
  return text;
}

bool IsTooDeep(std::string_view body) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if ((c == '[' || c == '{') && ++depth > kMaxDepth) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

// The depth is looked at beforehand: the library's own parse callback takes quadratic time over a list of objects.
std::optional<json> ParseBody(const std::string& body, std::size_t max_size) {
  if (body.size() > max_size || IsTooDeep(body)) return std::nullopt;
  json parsed = json::parse(body, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

const json* Member(const json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::string TextMember(const json& value, std::string_view key) {
  const json* member = Member(value, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

Reading ReadDouble(double number) {
  if (std::isnan(number)) return {Reading::Kind::kNaN, 0, ""};
  if (!std::isfinite(number)) return Fault(number > 0 ? "the query gives +Inf" : "the query gives -Inf");
  return {Reading::Kind::kNumber, number, ""};
}

Reading ReadNumber(const std::string& text) {
  if (text == "NaN") return {Reading::Kind::kNaN, 0, ""};
  double number = 0;
  const char* end = text.data() + text.size();
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc() || stop != end) return Fault("the query gives no number: " + text);
  if (!std::isfinite(number)) return Fault("the query gives " + text);
  return {Reading::Kind::kNumber, number, ""};
}

Reading StatusFault(int status, std::string_view words) {
  std::string message = "HTTP " + std::to_string(status);
  if (!words.empty()) message.append(": ").append(words);
  return Fault(message);
}

std::uint64_t IdOf(const json* labels) {
  if (labels == nullptr || !labels->is_object() || labels->empty()) return 0;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : labels->dump(-1, ' ', false, json::error_handler_t::replace)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash == 0 ? 1 : hash;
}

std::optional<std::string> BaseUrl(std::string_view address) {
  while (address.ends_with('/')) address.remove_suffix(1);
  if (address.size() > kMaxAddress || address.find_first_of("?#") != std::string_view::npos || !http::ParseUrl(address))
    return std::nullopt;
  return std::string(address);
}

}  // namespace softmig::providers
