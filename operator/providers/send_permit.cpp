#include "providers/send_permit.hpp"

#include <algorithm>

#include "http/message.hpp"
#include "model/text_rules.hpp"
#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

constexpr std::string_view kBetween = " \t\r\n,";

std::string PathOf(const http::Url& url) { return url.target.substr(0, url.target.find('?')); }

/// What the server may take for another path.
bool IsAmbiguous(const std::string& path) {
  return path.find_first_of("%\\;") != std::string::npos || path.find("//") != std::string::npos || path.find("/.") != std::string::npos;
}

bool IsBelow(const std::string& path, std::string root) {
  while (root.ends_with('/')) root.pop_back();
  if (root.empty()) return true;
  return !IsAmbiguous(path) && path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool SameOrigin(const http::Url& a, const http::Url& b) {
  return a.scheme == b.scheme && model::LowerAscii(a.host) == model::LowerAscii(b.host) && a.port == b.port;
}

/// Without path and query, which may be long.
std::string OriginOf(const std::string& url) {
  const auto parsed = http::ParseUrl(url);
  if (!parsed) return "this address";
  const bool is_ipv6 = parsed->host.find(':') != std::string::npos;
  return parsed->scheme + "://" + (is_ipv6 ? "[" + parsed->host + "]" : parsed->host) + ":" + parsed->port;
}

}  // namespace

SendPermit SendPermit::Read(std::string secret, std::string_view annotation) {
  SendPermit permit{std::move(secret), {}};
  while (true) {
    annotation.remove_prefix(std::min(annotation.find_first_not_of(kBetween), annotation.size()));
    if (annotation.empty()) return permit;
    const auto end = std::min(annotation.find_first_of(kBetween), annotation.size());
    permit.addresses.emplace_back(annotation.substr(0, end));
    annotation.remove_prefix(end);
  }
}

bool SendPermit::Allows(const std::string& url) const {
  const auto asked = http::ParseUrl(url);
  if (!asked) return false;
  const std::string path = PathOf(*asked);
  return std::ranges::any_of(addresses, [&](const std::string& address) {
    const auto allowed = http::ParseUrl(address);
    const bool is_plain = allowed && address.find_first_of("?#@%") == std::string::npos;
    return is_plain && SameOrigin(*asked, *allowed) && IsBelow(path, PathOf(*allowed));
  });
}

std::string SendPermit::Refusal(const std::string& url) const {
  return "Secret \"" + secret + "\" may not be sent to " + AsciiOf(OriginOf(url)) + ": its annotation " + kAnnotation +
         (addresses.empty() ? " names no address" : " names other addresses");
}

}  // namespace softmig::providers
