#pragma once

#include <optional>
#include <string>

#include "model/sample.hpp"
#include "model/status.hpp"

/// What an answer can be used for, and in words why it cannot. Pure.
namespace softmig::analysis {

/// One finite number.
bool IsNumber(const model::Reading& reading);
/// One finite number or a list of series, which can be empty.
bool IsCountable(const model::Reading& reading);

struct NoReading {
  model::Verdict verdict = model::Verdict::kError;
  std::string why;
};
/// Why a reading is no evidence. `what` names the query: "query", "bad" or "total". REQUIRES: it is not what was wanted.
NoReading ExplainReading(const model::Reading& reading, const std::string& what);

}  // namespace softmig::analysis
