#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace softmig::base {

/// "2026-11-22T18:50:00Z", or with milliseconds where they are not zero.
std::string FormatRfc3339(WallTime time);
/// "2026-11-22T18:50:00.000000Z": the MicroTime that Leases and Events want.
std::string FormatMicroTime(WallTime time);
/// Reads RFC 3339 with any fraction and a Z or ±hh:mm zone. kInvalid otherwise.
Result<WallTime> ParseRfc3339(std::string_view text);

/// Reads a Go duration without sign: "90s", "1h30m", "1.5s", "250ms", "0". kInvalid otherwise or above 100 years.
Result<Millis> ParseDuration(std::string_view text);
/// Shortest Go form: "1h30m", "15s", "250ms", "0s".
std::string FormatDuration(Millis duration);

}  // namespace softmig::base
