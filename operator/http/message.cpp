#include "http/message.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace softmig::http {
namespace {

constexpr std::size_t kMaxUrl = 8U << 10U;

bool IsUnreserved(unsigned char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::ranges::all_of(host, [](char c) { return c != '~' && IsUnreserved(static_cast<unsigned char>(c)); });
}

bool IsV6(std::string_view host) {
  const auto allowed = [](char c) { return std::string_view("0123456789abcdefABCDEF:.").find(c) != std::string_view::npos; };
  return host.find(':') != std::string_view::npos && host.size() <= 45 && std::ranges::all_of(host, allowed);
}

/// 1–65535 in digits without leading zeros.
bool IsPort(std::string_view port) {
  if (port.empty() || port.size() > 5 || port.front() == '0') return false;
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return false;
  return port.size() < 5 || port <= "65535";
}

/// Splits "host:port", "host" or "[v6]:port" into `url`; false where it is none of them.
bool ParseAuthority(std::string_view authority, Url& url) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return false;
    url.host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    if (!IsV6(url.host)) return false;
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    rest = authority.substr(colon);
    if (!IsHostName(url.host)) return false;
  }
  if (rest.empty()) return true;
  if (!rest.starts_with(':') || !IsPort(rest.substr(1))) return false;
  url.port = rest.substr(1);
  return true;
}

}  // namespace

std::string_view Name(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kPatch: return "PATCH";
    case Method::kDelete: return "DELETE";
    case Method::kHead: return "HEAD";
    case Method::kOptions: return "OPTIONS";
  }
  SM_ASSERT(false && "method outside the enumeration");
}

std::optional<std::string_view> Find(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find_if(headers, [&](const auto& field) { return SameName(field.first, name); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::string UrlEncode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte)) {
      out += c;
      continue;
    }
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::optional<Url> ParseUrl(std::string_view text) {
  if (text.size() > kMaxUrl) return std::nullopt;
  // A blank or control character would end the request line early and let the caller's text become a header.
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; })) return std::nullopt;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Url url;
  std::ranges::transform(text.substr(0, colon), std::back_inserter(url.scheme), Lower);
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  url.port = url.scheme == "https" ? "443" : "80";
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  if (!ParseAuthority(rest.substr(0, end), url)) return std::nullopt;
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

}  // namespace softmig::http
