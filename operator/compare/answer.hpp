#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "http/message.hpp"

namespace softmig::compare {

/// The two systems. Not who serves: after the shift the target serves users and legacy is the shadow, and a rule still means the same.
enum class Side : std::uint8_t { kLegacy, kTarget };

/// What one system answered, as captured.
struct Answer {
  int status = 0;
  http::Headers headers;   ///< only those that RuleSet::Captures, so that no cookie and no credential is ever kept
  std::string body;        ///< as it was sent: still compressed where content-encoding says so
  bool truncated = false;  ///< `body` is only a beginning: what is longer than the capture's cap, or broke off
  http::Headers trailers;  ///< as headers
};

/// Why there is no answer. An answer with a status 5xx is an answer.
enum class Failure : std::uint8_t { kError, kTimeout };

/// One request that both systems were asked.
struct Exchange {
  std::variant<Answer, Failure> legacy;
  std::variant<Answer, Failure> target;
};

}  // namespace softmig::compare
