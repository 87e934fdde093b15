#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/capture/captured_exchange.hpp"
#include "agent/capture/memory_budget.hpp"
#include "agent/capture/watch_plan.hpp"

namespace softmig::agent {

/// A header as it came: the name in lower case, as Envoy writes it.
struct HeaderField {
  std::string_view name, value;
};
using HeaderFields = std::span<const HeaderField>;

/// What one exchange may hold. A request beyond them cannot be asked again and is dropped; an answer is cut and said to be.
struct CaptureLimits {
  std::size_t header_fields = 1'000;  ///< that are kept, of each message
  std::size_t header_bytes = 64U << 10U;
  std::size_t target_bytes = 7U << 10U;  ///< path and query; the client that asks again takes 8 KiB with the host
  std::size_t request_body = 256U << 10U;
  std::size_t response_body = 1U << 20U;
};

/// Puts one exchange together from the messages of one stream, which may come in any order, twice, half or not at all:
///
///   request:   nothing ── headers ──► open ── body*, trailers or an end ──► ended
///   response:  nothing ── headers ──► open ── body*, trailers or an end ──► ended
///
/// Both run side by side, an answer may begin before its request ended. When both ended the exchange is whole. What cannot be (a body
/// before its headers, headers twice) drops the copy. Never waits; a copy that gets no memory is given up at once. Not thread-safe: one a
/// stream.
class Capture {
 public:
  /// Whether more messages of this stream are of use. After kNothing all of them are ignored.
  enum class Want : std::uint8_t { kMore, kNothing };

  /// All must outlive the capture and what it gives.
  Capture(const WatchPlan& plan, const CaptureLimits& limits, MemoryBudget& budget);

  Want RequestHeaders(HeaderFields headers, bool is_end, const Origin& origin);
  Want RequestBody(std::string_view piece, bool is_end);
  Want RequestTrailers();
  Want ResponseHeaders(HeaderFields headers, bool is_end);
  Want ResponseBody(std::string_view piece, bool is_end);
  Want ResponseTrailers(HeaderFields trailers);
  /// A message of a kind that is newer than we are.
  [[nodiscard]] Want Unknown() const { return IsOver() ? Want::kNothing : Want::kMore; }
  /// The stream is over, or has to be: gives the copy up unless it is whole or skipped already.
  void Stop(compare::Reason reason);
  /// Not meant for us: gives it up unless something is decided already.
  void StopUnread(Skip skip);

  /// The component where the request is to be compared; known from its headers on.
  [[nodiscard]] std::optional<std::size_t> eligible() const { return component_; }
  /// What became of it. REQUIRES: some call has returned kNothing or Stop was called; once only.
  [[nodiscard]] CaptureEnd Take();

 private:
  enum class Half : std::uint8_t { kNothing, kOpen, kEnded };

  [[nodiscard]] bool IsOver() const { return end_.has_value(); }
  Want SkipIt(Skip skip);
  Want DropIt(compare::Reason reason);
  Want GiveUp(CaptureEnd end);
  Want EndRequest();
  Want EndResponse();
  Want FinishIfWhole();
  /// Adds to the answer's header fields those that the component compares.
  Want KeepFields(HeaderFields from, http::Headers& to);

  const WatchPlan& plan_;
  const CaptureLimits& limits_;
  Reservation memory_;
  Half request_ = Half::kNothing;
  Half response_ = Half::kNothing;
  std::optional<std::size_t> component_;
  compare::Side served_by_ = compare::Side::kLegacy;
  CapturedRequest asked_;
  compare::Answer answer_;
  std::optional<CaptureEnd> end_;
};

}  // namespace softmig::agent
