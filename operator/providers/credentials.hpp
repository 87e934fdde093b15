#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "providers/send_permit.hpp"

namespace softmig::providers {

/// A text that must not be seen: printed, formatted and shown by tests as "(secret)". Value type.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// The text itself: only to be put into a request.
  [[nodiscard]] const std::string& Reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

  static constexpr std::string_view kShown = "(secret)";
  friend std::ostream& operator<<(std::ostream& out, const Secret& /*secret*/) { return out << kShown; }

 private:
  std::string text_;
};

struct BasicCredentials {
  std::string user;
  Secret password;
  bool operator==(const BasicCredentials&) const = default;
};

/// What a source of metrics wants to see before it answers, as read from the spec and its Secrets. There is no way to leave the server
/// unverified.
struct Credentials {
  std::vector<std::pair<std::string, Secret>> headers;  ///< e.g. X-Scope-OrgID; values may be secrets
  std::optional<Secret> bearer_token;                   ///< at most one of this and `basic`
  std::optional<BasicCredentials> basic;
  std::optional<std::string> ca_pem;  ///< trusted instead of the system's CAs
  std::string server_name;            ///< verified instead of the address's host where not empty
  std::vector<SendPermit> permits;    ///< of every Secret that a value is from: all of them must allow a request
  bool operator==(const Credentials&) const = default;
};

/// Checked credentials, ready to be put on requests. Immutable, thread-safe, cheap to copy; make it once and keep it: connections are only
/// reused among requests with the same one.
class Authentication {
 public:
  /// Adds nothing.
  Authentication() = default;
  /// kInvalid where a name or value is no header's, says how the request is sent (Host, Content-Length, …), or contradicts another. The
  /// error names the field and never quotes a value.
  static base::Result<Authentication> Make(const Credentials& credentials);

  /// What `authorised` carries (its Authorization header and its TLS settings), for another request to the same server. For requests that
  /// the program makes for itself, not for Secrets.
  static Authentication Like(const http::Request& authorised);

  /// Adds the headers, and the CA where there is one. A header that the request already has is replaced.
  /// kForbidden, with the Secret's name, and nothing added, where a Secret may not be sent to the request's URL: such a request must not
  /// be sent.
  [[nodiscard]] base::Status AddTo(http::Request& request) const;
  /// Puts stars in place of the secrets wherever the answer's body holds them: some servers repeat in an error what they were sent. Call it
  /// before Parse, which passes a server's words on.
  void HideIn(http::Response& response) const;

 private:
  std::shared_ptr<const http::Headers> headers_;
  std::vector<Secret> secrets_;
  std::shared_ptr<const http::TlsSettings> tls_;
  std::vector<SendPermit> permits_;
};

/// Puts as many stars in place of `secret` wherever `text` holds it. Leaves secrets shorter than 6 bytes: they would be found everywhere.
void Hide(const Secret& secret, std::string& text);

/// Whether `value` may be a header's: no control characters, at most 8 KiB.
bool IsHeaderValue(std::string_view value);

}  // namespace softmig::providers

template <>
struct fmt::formatter<softmig::providers::Secret> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(const softmig::providers::Secret& /*secret*/, Context& context) const {
    return fmt::formatter<std::string_view>::format(softmig::providers::Secret::kShown, context);
  }
};
