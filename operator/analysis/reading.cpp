#include "analysis/reading.hpp"

#include <cmath>

namespace softmig::analysis {

using model::Reading;
using model::Verdict;

bool IsNumber(const Reading& reading) { return reading.kind == Reading::Kind::kNumber && std::isfinite(reading.number); }

bool IsCountable(const Reading& reading) { return IsNumber(reading) || reading.kind == Reading::Kind::kSeries; }

NoReading ExplainReading(const Reading& reading, const std::string& what) {
  switch (reading.kind) {
    case Reading::Kind::kNoData: return {Verdict::kNoData, reading.note.empty() ? what + " gives no series" : reading.note};
    case Reading::Kind::kNaN: return {Verdict::kNaN, what + " gives NaN"};
    case Reading::Kind::kError: return {Verdict::kError, reading.message.empty() ? what + " failed" : reading.message};
    case Reading::Kind::kSeries:
      return {Verdict::kError, what + " gives " + std::to_string(reading.series.size()) + " series, want one: wrap it in sum(...)"};
    case Reading::Kind::kNumber: break;
  }
  return {Verdict::kError, what + " gives no finite number"};
}

}  // namespace softmig::analysis
