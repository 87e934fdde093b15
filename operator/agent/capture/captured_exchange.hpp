#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "agent/capture/memory_budget.hpp"
#include "compare/answer.hpp"
#include "compare/verdict.hpp"
#include "http/message.hpp"

namespace softmig::agent {

/// The header that marks a request as a copy, so that no copy is copied again.
inline constexpr std::string_view kShadowHeader = "x-softmigration-shadow";
/// The authority that the user asked for; whoever forwards the copy puts it back.
inline constexpr std::string_view kAuthorityHeader = "x-softmigration-authority";
/// Set by Envoy on answers of requests that it sent to the target: the side whose endpoint answered in the end.
inline constexpr std::string_view kSideHeader = "x-softmigration-side";

/// Why a request is not to be compared at all.
enum class Skip : std::uint8_t {
  kNoRequest,     ///< the stream said nothing of a request that can be read
  kNotObserving,  ///< Envoy waits for our answers: that filter is not meant for us
  kMethod,        ///< not GET, HEAD or OPTIONS: asking twice may do something twice
  kUpgrade,       ///< what follows is not HTTP
  kShadow,        ///< is a copy itself
  kRoute,         ///< of no component
  kCluster,       ///< served by neither of the two systems
};
inline constexpr std::size_t kSkips = 7;
/// "not-observing": names in metrics and JSON.
std::string_view Name(Skip skip);

/// What can be asked again: no hop-by-hop header, nothing that Envoy added for itself. Its values may be secrets: never logged, never kept.
struct CapturedRequest {
  http::Method method = http::Method::kGet;
  std::string authority;
  std::string target;  ///< path and query, begins with "/"
  http::Headers headers;
  std::string body;
};

/// One request with the answer that its user got.
struct CapturedExchange {
  std::size_t component = 0;  ///< place in WatchPlan::components
  compare::Side served_by = compare::Side::kLegacy;
  CapturedRequest request;
  compare::Answer answer;
  Reservation memory;          ///< what the copy holds
  bool is_control = false;     ///< legacy's own answer, to be asked of legacy again: gets no verdict (control.hpp)
  bool wants_control = false;  ///< one is to be made once legacy has answered
};

/// The side that is to be asked the same again.
inline compare::Side AskedSide(const CapturedExchange& exchange) {
  return !exchange.is_control && exchange.served_by == compare::Side::kLegacy ? compare::Side::kTarget : compare::Side::kLegacy;
}

/// It was to be compared, but the copy was given up.
struct DroppedExchange {
  std::size_t component = 0;
  compare::Reason reason = compare::Reason::kIncomplete;
};

/// The target failed, and Envoy had legacy answer instead: nothing is left to ask.
struct FellBack {
  std::size_t component = 0;
};

/// What became of one stream.
using CaptureEnd = std::variant<Skip, DroppedExchange, FellBack, CapturedExchange>;

}  // namespace softmig::agent
