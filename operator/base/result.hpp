#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace softmig::base {

/// The closed list of what can go wrong outside the program. Branch on the code, never on the text.
enum class ErrorCode {
  kNotFound,      ///< the object or address does not exist (HTTP 404)
  kConflict,      ///< somebody else wrote first (HTTP 409, or a failed JSON-patch test: 422 of a patch)
  kGone,          ///< the resourceVersion is too old (HTTP 410): list again
  kInvalid,       ///< what we sent or read makes no sense (HTTP 400, 422, unparsable answers)
  kThrottled,     ///< asked to slow down (HTTP 429); Error::retry_after says for how long where known
  kUnavailable,   ///< refused, reset, TLS failure, HTTP 5xx
  kTimeout,       ///< no answer within the deadline; a write may or may not have been applied
  kForbidden,     ///< the right is missing (HTTP 403)
  kUnauthorized,  ///< the credential is not accepted (HTTP 401)
  kCancelled,     ///< stopped by us
  kFenced,        ///< a write was refused here because the lease may be lost
  kInternal,      ///< none of the above
};

/// Stable PascalCase name of a code, e.g. "NotFound"; used in conditions, events and logs.
std::string_view Name(ErrorCode code);

/// An outside error as a value. Thread-compatible value type.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;             ///< one line for people, lower case, says what was attempted and what came back
  std::optional<int> http_status;  ///< where an HTTP answer carried it
  std::optional<double> retry_after_seconds;

  /// The same error with "what: " in front of the message.
  [[nodiscard]] Error Wrap(std::string_view what) const;
  /// "Code: message".
  [[nodiscard]] std::string ToString() const;
};

/// A T or an Error; dropping one unread is a compiler warning (and so an error here).
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  using std::expected<T, Error>::operator=;
};

/// Success or an Error, for operations without an answer.
using Status = Result<void>;

/// Shorthand for `return Fail(ErrorCode::kInvalid, "...")`.
inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message), std::nullopt, std::nullopt});
}
inline std::unexpected<Error> Fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace softmig::base
