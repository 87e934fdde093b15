#include "providers/credentials.hpp"

#include <algorithm>
#include <cstdint>

#include "model/text_rules.hpp"

namespace softmig::providers {
namespace {

using base::ErrorCode;

constexpr std::size_t kMostHeaders = 16;
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxValue = 8U << 10U;
constexpr std::size_t kShortestSecret = 6;
constexpr std::size_t kMaxCa = 1U << 20U;

bool IsNameCharacter(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsName(std::string_view name) { return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, IsNameCharacter); }

std::string Base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) bits = bits << 8U | (j < text.size() ? static_cast<unsigned char>(text[j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > text.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63U];
  }
  return out;
}

std::string EncodedPair(const BasicCredentials& basic) { return Base64(basic.user + ":" + basic.password.Reveal()); }

/// Why `value` of the field called `what` cannot be sent; nothing where it can.
base::Status CheckValue(std::string_view what, std::string_view value) {
  if (IsHeaderValue(value)) return {};
  std::string why = std::string(what) + " cannot be sent: ";
  if (value.size() > kMaxValue) return base::Fail(ErrorCode::kInvalid, why + "it is longer than 8 KiB");
  const bool at_the_end = value.find_first_of("\r\n") != std::string_view::npos &&
                          IsHeaderValue(value.substr(0, std::min(value.find_last_not_of("\r\n") + 1, value.size())));
  return base::Fail(ErrorCode::kInvalid,
                    why + (at_the_end ? "it ends with a line break; write the Secret without one" : "it has control characters"));
}

base::Status AddHeader(const std::string& name, const Secret& value, http::Headers& headers) {
  // Names are quoted only where they are names: a value in the wrong place must not be shown.
  if (!IsName(name)) return base::Fail(ErrorCode::kInvalid, "a header's name is none: it may have letters, digits and dashes");
  if (model::IsOurHeader(name)) {
    return base::Fail(ErrorCode::kInvalid, "the header " + name + " belongs to the connection and cannot be set");
  }
  if (http::Find(headers, name)) return base::Fail(ErrorCode::kInvalid, "the header " + name + " is there twice");
  if (auto sendable = CheckValue("the header " + name, value.Reveal()); !sendable) return sendable;
  headers.emplace_back(name, value.Reveal());
  return {};
}

base::Status AddBearer(const Secret& token, http::Headers& headers) {
  if (token.empty()) return base::Fail(ErrorCode::kInvalid, "the bearer token is empty");
  if (auto sendable = CheckValue("the bearer token", token.Reveal()); !sendable) return sendable;
  if (token.Reveal().find(' ') != std::string::npos) return base::Fail(ErrorCode::kInvalid, "the bearer token has a blank in it");
  return AddHeader("Authorization", Secret("Bearer " + token.Reveal()), headers);
}

base::Status AddBasic(const BasicCredentials& basic, http::Headers& headers) {
  if (basic.user.empty()) return base::Fail(ErrorCode::kInvalid, "the user is empty");
  if (basic.user.find(':') != std::string::npos) return base::Fail(ErrorCode::kInvalid, "the user has a colon, which ends a user's name");
  if (auto sendable = CheckValue("the user", basic.user); !sendable) return sendable;
  if (auto sendable = CheckValue("the password", basic.password.Reveal()); !sendable) return sendable;
  return AddHeader("Authorization", Secret("Basic " + EncodedPair(basic)), headers);
}

base::Status CheckCa(const std::string& pem) {
  if (pem.size() > kMaxCa) return base::Fail(ErrorCode::kInvalid, "the CA is larger than 1 MiB");
  if (pem.find("PRIVATE KEY-----") != std::string::npos) return base::Fail(ErrorCode::kInvalid, "the CA holds a private key");
  if (pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return base::Fail(ErrorCode::kInvalid, "the CA holds no certificate in PEM form");
  }
  return {};
}

base::Status AddAll(const Credentials& credentials, http::Headers& headers) {
  if (credentials.headers.size() > kMostHeaders) return base::Fail(ErrorCode::kInvalid, "more than 16 headers");
  if (credentials.bearer_token && credentials.basic) {
    return base::Fail(ErrorCode::kInvalid, "both a bearer token and a user: there is one Authorization header");
  }
  for (const auto& [name, value] : credentials.headers) {
    if (auto added = AddHeader(name, value, headers); !added) return added;
  }
  if (credentials.bearer_token) return AddBearer(*credentials.bearer_token, headers);
  if (credentials.basic) return AddBasic(*credentials.basic, headers);
  return {};
}

}  // namespace

bool IsHeaderValue(std::string_view value) {
  return value.size() <= kMaxValue && std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

base::Result<Authentication> Authentication::Make(const Credentials& credentials) {
  http::Headers headers;
  if (auto added = AddAll(credentials, headers); !added) return base::Fail(added.error());
  Authentication authentication;
  for (const auto& [name, value] : headers) authentication.secrets_.emplace_back(value);
  if (credentials.bearer_token) authentication.secrets_.push_back(*credentials.bearer_token);
  if (credentials.basic) {
    authentication.secrets_.emplace_back(EncodedPair(*credentials.basic));
    authentication.secrets_.push_back(credentials.basic->password);
  }
  authentication.headers_ = std::make_shared<const http::Headers>(std::move(headers));
  if (credentials.ca_pem) {
    if (auto good = CheckCa(*credentials.ca_pem); !good) return base::Fail(good.error());
  }
  if (credentials.ca_pem || !credentials.server_name.empty()) {
    http::TlsSettings tls;
    tls.ca_pem = credentials.ca_pem.value_or("");
    tls.server_name = credentials.server_name;
    authentication.tls_ = std::make_shared<const http::TlsSettings>(std::move(tls));
  }
  authentication.permits_ = credentials.permits;
  return authentication;
}

Authentication Authentication::Like(const http::Request& authorised) {
  Authentication authentication;
  authentication.tls_ = authorised.tls;
  if (const auto value = http::Find(authorised.headers, "Authorization")) {
    authentication.secrets_.emplace_back(std::string(*value));
    authentication.headers_ = std::make_shared<const http::Headers>(http::Headers{{"Authorization", std::string(*value)}});
  }
  return authentication;
}

void Hide(const Secret& secret, std::string& text) {
  const std::string& hidden = secret.Reveal();
  if (hidden.size() < kShortestSecret) return;
  for (auto at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at + hidden.size())) {
    text.replace(at, hidden.size(), hidden.size(), '*');
  }
}

void Authentication::HideIn(http::Response& response) const {
  for (const Secret& secret : secrets_) Hide(secret, response.body);
}

base::Status Authentication::AddTo(http::Request& request) const {
  for (const SendPermit& permit : permits_) {
    if (!permit.Allows(request.url)) return base::Fail(ErrorCode::kForbidden, permit.Refusal(request.url));
  }
  if (headers_) {
    for (const auto& [name, value] : *headers_) {
      std::erase_if(request.headers, [&](const auto& field) { return model::LowerAscii(field.first) == model::LowerAscii(name); });
      request.headers.emplace_back(name, value);
    }
  }
  if (tls_) request.tls = tls_;
  return {};
}

}  // namespace softmig::providers
