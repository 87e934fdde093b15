#include "analysis/evidence_window.hpp"

#include <chrono>
#include <cmath>

namespace softmig::analysis {

std::string_view Name(BadInput kind) {
  switch (kind) {
    case BadInput::kNegative: return "Negative";
    case BadInput::kNotFinite: return "NotFinite";
    case BadInput::kTooLarge: return "TooLarge";
    case BadInput::kBadExceedsTotal: return "BadExceedsTotal";
    case BadInput::kNoDuration: return "NoDuration";
    case BadInput::kOutOfOrder: return "OutOfOrder";
    case BadInput::kRepeated: return "Repeated";
  }
  return "Unknown";
}

std::optional<BadInput> CheckCounts(const Counts& counts) {
  constexpr double kMost = 1e15;
  if (!std::isfinite(counts.total) || !std::isfinite(counts.bad)) return BadInput::kNotFinite;
  if (counts.total < 0 || counts.bad < 0) return BadInput::kNegative;
  if (counts.bad > counts.total) return BadInput::kBadExceedsTotal;
  if (counts.total > kMost) return BadInput::kTooLarge;
  return std::nullopt;
}

std::optional<BadInput> CheckOrder(const EvidenceWindow& window, std::optional<base::WallTime> last_end) {
  if (window.end <= window.start) return BadInput::kNoDuration;
  if (!last_end || window.start >= *last_end) return std::nullopt;
  return window.end == *last_end ? BadInput::kRepeated : BadInput::kOutOfOrder;
}

double Seconds(const EvidenceWindow& window) { return std::chrono::duration<double>(window.end - window.start).count(); }

}  // namespace softmig::analysis
