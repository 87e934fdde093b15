#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/sample.hpp"
#include "providers/prometheus/envelope.hpp"

namespace softmig::providers {

/// A point of a series of a range answer.
struct MatrixPoint {
  std::int64_t at = 0;  ///< milliseconds since 1970
  model::Reading reading;
};

/// One series of a range answer.
struct MatrixSeries {
  const nlohmann::json& labels;
  const std::vector<MatrixPoint>& points;
};

struct MatrixReader {
  std::size_t most_points = 0;  ///< of a series; more is an error
  std::string native;           ///< what to say at an instant where a series holds a native histogram
  /// Called for every series in order; false ends the reading.
  std::function<bool(const MatrixSeries&)> on_series;
};

struct MatrixOutcome {
  std::optional<Envelope> envelope;  ///< nothing: no JSON object, or nested too deep
  std::string error;                 ///< where not empty: the result has another shape than a matrix
};

/// Reads a range answer without ever holding more than one series of it. Linear.
MatrixOutcome ReadMatrix(const std::string& body, const MatrixReader& reader);

}  // namespace softmig::providers
