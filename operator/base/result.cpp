#include "base/result.hpp"

namespace softmig::base {

std::string_view Name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound: return "NotFound";
    case ErrorCode::kConflict: return "Conflict";
    case ErrorCode::kGone: return "Gone";
    case ErrorCode::kInvalid: return "Invalid";
    case ErrorCode::kThrottled: return "Throttled";
    case ErrorCode::kUnavailable: return "Unavailable";
    case ErrorCode::kTimeout: return "Timeout";
    case ErrorCode::kForbidden: return "Forbidden";
    case ErrorCode::kUnauthorized: return "Unauthorized";
    case ErrorCode::kCancelled: return "Cancelled";
    case ErrorCode::kFenced: return "Fenced";
    case ErrorCode::kInternal: return "Internal";
  }
  return "Internal";
}

Error Error::Wrap(std::string_view what) const {
  Error wrapped = *this;
  wrapped.message = std::string(what) + ": " + message;
  return wrapped;
}

std::string Error::ToString() const { return std::string(Name(code)) + ": " + message; }

}  // namespace softmig::base
