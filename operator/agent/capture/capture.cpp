#include "agent/capture/capture.hpp"

#include <algorithm>
#include <array>

#include "agent/capture/read_request.hpp"
#include "base/assert.hpp"

namespace softmig::agent {
namespace {

using compare::Reason;

constexpr std::array<std::string_view, kSkips> kSkipNames{"no-request", "not-observing", "method", "upgrade", "shadow", "route", "cluster"};

enum class Appended : std::uint8_t { kWhole, kCut, kNoMemory };

/// Grows in doubles up to `limit`; what the text holds is taken from the budget before.
Appended Append(std::string_view piece, std::size_t limit, std::string& text, Reservation& memory) {
  const std::string_view kept = piece.substr(0, limit - text.size());
  const std::size_t needed = text.size() + kept.size();
  if (needed > text.capacity()) {
    const std::size_t capacity = std::min(limit, std::max(needed, 2 * text.capacity()));
    if (!memory.Grow(capacity - (text.empty() ? 0 : text.capacity()))) return Appended::kNoMemory;
    text.reserve(capacity);
  }
  text += kept;
  return kept.size() == piece.size() ? Appended::kWhole : Appended::kCut;
}

}  // namespace

std::string_view Name(Skip skip) { return kSkipNames.at(static_cast<std::size_t>(skip)); }

Capture::Capture(const WatchPlan& plan, const CaptureLimits& limits, MemoryBudget& budget)
    : plan_(plan), limits_(limits), memory_(budget) {}

Capture::Want Capture::RequestHeaders(HeaderFields headers, bool is_end, const Origin& origin) {
  if (IsOver()) return Want::kNothing;
  if (request_ != Half::kNothing) return DropIt(Reason::kIncomplete);
  if (const auto skip = WhySkipped(headers)) return SkipIt(*skip);
  const auto component = plan_.ComponentOf(origin.route);
  if (!component) return SkipIt(Skip::kRoute);
  const auto side = plan_.SideOf(origin.cluster);
  if (!side) return SkipIt(Skip::kCluster);
  component_ = component;
  served_by_ = *side;
  request_ = Half::kOpen;
  auto read = ReadRequest(headers, limits_, memory_);
  if (const auto* reason = std::get_if<Reason>(&read)) return DropIt(*reason);
  asked_ = std::move(std::get<CapturedRequest>(read));
  return is_end ? EndRequest() : Want::kMore;
}

Capture::Want Capture::RequestBody(std::string_view piece, bool is_end) {
  if (IsOver()) return Want::kNothing;
  if (request_ != Half::kOpen) return DropIt(Reason::kIncomplete);
  switch (Append(piece, limits_.request_body, asked_.body, memory_)) {
    case Appended::kWhole: return is_end ? EndRequest() : Want::kMore;
    case Appended::kCut: return DropIt(Reason::kOverBudget);
    case Appended::kNoMemory: return DropIt(Reason::kBufferFull);
  }
  SM_ASSERT(false && "outside the enumeration");
}

Capture::Want Capture::RequestTrailers() {
  if (IsOver()) return Want::kNothing;
  if (request_ != Half::kOpen) return DropIt(Reason::kIncomplete);
  return EndRequest();
}

Capture::Want Capture::ResponseHeaders(HeaderFields headers, bool is_end) {
  if (IsOver()) return Want::kNothing;
  const auto status = StatusOf(headers);
  if (!status || response_ != Half::kNothing) return DropIt(Reason::kIncomplete);
  if (*status < 200 && !is_end) return Want::kMore;  // an interim answer: the real one follows
  if (request_ == Half::kNothing) return SkipIt(Skip::kNoRequest);
  if (served_by_ == compare::Side::kTarget && Find(headers, kSideHeader) == "legacy") return GiveUp(FellBack{*component_});
  response_ = Half::kOpen;
  answer_.status = *status;
  if (KeepFields(headers, answer_.headers) == Want::kNothing) return Want::kNothing;
  return is_end ? EndResponse() : Want::kMore;
}

Capture::Want Capture::ResponseBody(std::string_view piece, bool is_end) {
  if (IsOver()) return Want::kNothing;
  if (answer_.truncated) return Want::kMore;
  if (response_ != Half::kOpen) return DropIt(Reason::kIncomplete);
  switch (Append(piece, limits_.response_body, answer_.body, memory_)) {
    case Appended::kWhole: return is_end ? EndResponse() : Want::kMore;
    case Appended::kNoMemory: return DropIt(Reason::kBufferFull);
    case Appended::kCut: break;
  }
  answer_.truncated = true;  // nothing of what still comes is kept, be it because the request has not ended yet
  return EndResponse();
}

Capture::Want Capture::ResponseTrailers(HeaderFields trailers) {
  if (IsOver()) return Want::kNothing;
  if (answer_.truncated) return Want::kMore;
  if (response_ != Half::kOpen) return DropIt(Reason::kIncomplete);
  if (KeepFields(trailers, answer_.trailers) == Want::kNothing) return Want::kNothing;
  return EndResponse();
}

void Capture::Stop(Reason reason) {
  if (!IsOver()) DropIt(reason);
}

void Capture::StopUnread(Skip skip) {
  if (IsOver()) return;
  if (component_) DropIt(Reason::kIncomplete);
  if (!component_) SkipIt(skip);
}

CaptureEnd Capture::Take() {
  SM_ASSERT(IsOver());
  return std::move(*end_);
}

Capture::Want Capture::SkipIt(Skip skip) {
  memory_.Release();
  end_.emplace(skip);
  return Want::kNothing;
}

/// Of a stream that never got as far as a request there is nothing to drop.
Capture::Want Capture::DropIt(Reason reason) {
  if (!component_) return SkipIt(Skip::kNoRequest);
  return GiveUp(DroppedExchange{*component_, reason});
}

/// Nothing of it is needed any more.
Capture::Want Capture::GiveUp(CaptureEnd end) {
  asked_ = {};
  answer_ = {};
  memory_.Release();
  end_.emplace(std::move(end));
  return Want::kNothing;
}

Capture::Want Capture::EndRequest() {
  request_ = Half::kEnded;
  return FinishIfWhole();
}

Capture::Want Capture::EndResponse() {
  response_ = Half::kEnded;
  return FinishIfWhole();
}

Capture::Want Capture::FinishIfWhole() {
  if (request_ != Half::kEnded || response_ != Half::kEnded) return Want::kMore;
  end_.emplace(CapturedExchange{*component_, served_by_, std::move(asked_), std::move(answer_), std::move(memory_)});
  return Want::kNothing;
}

Capture::Want Capture::KeepFields(HeaderFields from, http::Headers& to) {
  std::size_t bytes = 0;
  for (const HeaderField& field : from) {
    if (!plan_.components[*component_].rules->Captures(field.name)) continue;
    bytes += CostOf(field);
    if (bytes > limits_.header_bytes || to.size() == limits_.header_fields) return DropIt(Reason::kOverBudget);
    if (!memory_.Grow(CostOf(field))) return DropIt(Reason::kBufferFull);
    to.emplace_back(field.name, field.value);
  }
  return Want::kMore;
}

}  // namespace softmig::agent
