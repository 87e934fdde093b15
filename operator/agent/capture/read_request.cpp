#include "agent/capture/read_request.hpp"

#include <algorithm>
#include <array>

namespace softmig::agent {
namespace {

using compare::Reason;

constexpr std::size_t kFieldOverhead = 2 * sizeof(std::string);
constexpr std::array<std::string_view, 11> kHopByHop{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te",
                                                     "trailer",    "upgrade",    "expect",           "content-length",    "host",
                                                     "via"};

std::optional<http::Method> SafeMethod(std::string_view name) {
  for (const auto method : {http::Method::kGet, http::Method::kHead, http::Method::kOptions}) {
    if (name == http::Name(method)) return method;
  }
  return std::nullopt;
}

bool HasControls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; });
}

bool IsName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto allowed = [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos; };
  return !name.empty() && std::ranges::all_of(name, allowed);
}

/// What is about this hop only, or was added by Envoy or by us.
bool IsForwarded(std::string_view name) {
  if (name.starts_with(':') || name.starts_with("x-envoy-") || name.starts_with("x-softmigration-")) return false;
  return std::ranges::find(kHopByHop, name) == kHopByHop.end();
}

bool IsTarget(std::string_view target) {
  const bool is_text = std::ranges::none_of(target, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#'; });
  return target.starts_with('/') && is_text;
}

}  // namespace

std::string_view Find(HeaderFields headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &HeaderField::name);
  return found == headers.end() ? std::string_view() : found->value;
}

std::size_t CostOf(const HeaderField& field) { return field.name.size() + field.value.size() + kFieldOverhead; }

std::optional<Skip> WhySkipped(HeaderFields headers) {
  const std::string_view method = Find(headers, ":method");
  if (method.empty()) return Skip::kNoRequest;
  if (!SafeMethod(method)) return Skip::kMethod;
  if (!Find(headers, "upgrade").empty()) return Skip::kUpgrade;
  if (!Find(headers, kShadowHeader).empty()) return Skip::kShadow;
  return IsTarget(Find(headers, ":path")) ? std::nullopt : std::optional(Skip::kNoRequest);
}

std::variant<CapturedRequest, Reason> ReadRequest(HeaderFields headers, const CaptureLimits& limits, Reservation& memory) {
  CapturedRequest request;
  request.method = *SafeMethod(Find(headers, ":method"));
  const std::string_view authority = Find(headers, ":authority");
  const std::string_view target = Find(headers, ":path");
  if (target.size() > limits.target_bytes) return Reason::kOverBudget;
  if (HasControls(authority)) return Reason::kIncomplete;
  std::size_t bytes = target.size() + authority.size();
  for (const HeaderField& field : headers) {
    if (!IsForwarded(field.name)) continue;
    bytes += CostOf(field);
    if (bytes > limits.header_bytes || request.headers.size() == limits.header_fields) return Reason::kOverBudget;
    if (!IsName(field.name) || HasControls(field.value)) return Reason::kIncomplete;
    request.headers.emplace_back(field.name, field.value);
  }
  if (!memory.Grow(bytes)) return Reason::kBufferFull;
  request.target = target;
  request.authority = authority;
  return request;
}

std::optional<int> StatusOf(HeaderFields headers) {
  const std::string_view text = Find(headers, ":status");
  if (text.size() != 3 || text.front() < '1' || text.front() > '5') return std::nullopt;
  int status = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace softmig::agent
