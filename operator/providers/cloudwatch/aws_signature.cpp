#include "providers/cloudwatch/aws_signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/time_format.hpp"

namespace softmig::providers {
namespace {

using base::ErrorCode;

constexpr std::size_t kDigestBytes = 32;

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string Sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string Hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Letters, digits and dashes: parts of the scope, which slashes separate.
bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

base::Status CheckKeys(const AwsKeys& keys) {
  if (!IsWord(keys.access_key_id))
    return base::Fail(ErrorCode::kInvalid, "the access key id is empty or has other characters than letters and digits");
  if (!IsWord(keys.region))
    return base::Fail(ErrorCode::kInvalid, "the region is empty or has other characters than letters, digits and dashes");
  if (keys.secret_access_key.empty() || !IsHeaderValue(keys.secret_access_key.Reveal())) {
    return base::Fail(ErrorCode::kInvalid, "the secret access key is empty or has control characters");
  }
  if (keys.session_token && (keys.session_token->empty() || !IsHeaderValue(keys.session_token->Reveal()))) {
    return base::Fail(ErrorCode::kInvalid, "the session token is empty or has control characters");
  }
  return {};
}

std::string HostField(const http::Url& url) {
  const bool usual = url.port == (url.scheme == "https" ? "443" : "80");
  return usual ? url.host : url.host + ":" + url.port;
}

/// 20150830T123600Z.
std::string Stamp(base::WallTime at) {
  std::string stamp = base::FormatRfc3339(std::chrono::floor<std::chrono::seconds>(std::max(at, base::WallTime())));
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

/// What of the request is signed.
struct Canonical {
  std::string text;
  std::string names;  // of the headers
};

Canonical CanonicalOf(const http::Request& request, const http::Url& url) {
  std::map<std::string, std::string> headers{{"host", HostField(url)}};
  for (const auto& [name, value] : request.headers) headers[Lower(name)] = Trimmed(value);
  const std::size_t question = std::min(url.target.find('?'), url.target.size());
  Canonical canonical;
  canonical.text = std::string(http::Name(request.method)) + "\n" + url.target.substr(0, question) + "\n" +
                   (question < url.target.size() ? url.target.substr(question + 1) : "") + "\n";
  for (const auto& [name, value] : headers) {
    canonical.text += name + ":" + value + "\n";
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
  }
  canonical.text += "\n" + canonical.names + "\n" + Hex(Sha256(request.body));
  return canonical;
}

}  // namespace

base::Status SignAws(http::Request& request, const AwsKeys& keys, const std::string& service, base::WallTime at) {
  if (auto good = CheckKeys(keys); !good) return good;
  const auto url = http::ParseUrl(request.url);
  if (!url) return base::Fail(ErrorCode::kInvalid, "the address is no http(s) URL");
  const std::string stamp = Stamp(at);
  const std::string day = stamp.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", stamp);
  if (keys.session_token) request.headers.emplace_back("X-Amz-Security-Token", keys.session_token->Reveal());
  const Canonical canonical = CanonicalOf(request, *url);
  const std::string scope = day + "/" + keys.region + "/" + service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + Hex(Sha256(canonical.text));
  const std::string key = Hmac(Hmac(Hmac(Hmac("AWS4" + keys.secret_access_key.Reveal(), day), keys.region), service), "aws4_request");
  request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + keys.access_key_id + "/" + scope +
                                                    ", SignedHeaders=" + canonical.names + ", Signature=" + Hex(Hmac(key, to_sign)));
  return {};
}

}  // namespace softmig::providers
