#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace softmig::analysis {

/// Requests of one side in one window. Whole numbers, held in doubles so that any input can be looked at before it is believed.
struct Counts {
  double total = 0;  ///< n: requests
  double bad = 0;    ///< k: of those, failed, slow or different
  bool operator==(const Counts&) const = default;
};

/// The counts of one contiguous stretch of time, [start, end). Windows of one metric never overlap: a request that is counted twice makes
/// false rollbacks certain at the boundary.
struct EvidenceWindow {
  base::WallTime start{}, end{};
  Counts target;
  std::optional<Counts> legacy;  ///< of the same stretch; absent where nobody asked or legacy gave no data
};

/// Why a window, or the legacy half of one, is no evidence.
enum class BadInput { kNegative, kNotFinite, kTooLarge, kBadExceedsTotal, kNoDuration, kOutOfOrder, kRepeated };
inline constexpr std::size_t kBadInputKinds = 7;
/// How many windows were dropped since evidence began, by BadInput.
using DroppedWindows = std::array<std::uint64_t, kBadInputKinds>;

/// Stable PascalCase name, e.g. "BadExceedsTotal"; for status, events and logs.
std::string_view Name(BadInput kind);

/// What is wrong with counts, nullopt for nothing. Above 1e15 a double no longer counts in ones.
std::optional<BadInput> CheckCounts(const Counts& counts);
/// What is wrong with a window's place in time: no duration, the last window again, or begun before the last one ended.
std::optional<BadInput> CheckOrder(const EvidenceWindow& window, std::optional<base::WallTime> last_end);

/// Length of a window in seconds.
double Seconds(const EvidenceWindow& window);

}  // namespace softmig::analysis
