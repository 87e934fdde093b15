#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "agent/capture/capture.hpp"

namespace softmig::agent {

/// Why a request is not even looked at: what its header says alone. Nothing: it can be compared.
std::optional<Skip> WhySkipped(HeaderFields headers);

/// The request as it can be asked again, its memory taken from `memory`; or why it cannot.
/// REQUIRES: WhySkipped said nothing.
std::variant<CapturedRequest, compare::Reason> ReadRequest(HeaderFields headers, const CaptureLimits& limits, Reservation& memory);

/// The value of the first header of that name; empty where there is none.
std::string_view Find(HeaderFields headers, std::string_view name);

/// A status of three digits; nothing for anything else.
std::optional<int> StatusOf(HeaderFields headers);

/// Bytes that a field is counted with: its texts and what holds them.
std::size_t CostOf(const HeaderField& field);

}  // namespace softmig::agent
