#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "analysis/metric_evidence.hpp"
#include "base/result.hpp"

namespace softmig::analysis {

/// The shortest way that gives the same double back everywhere: 17 significant digits as text, because objects of Kubernetes shun floating
/// point. "inf" and "-inf" for what has no end.
std::string ExactText(double number);
/// Reverse of ExactText; takes any decimal. kInvalid for everything else, "nan" too.
base::Result<double> ParseExact(std::string_view text);

/// Evidence as status keeps it, about 600 bytes for a simple metric: what a kind does not use is left out. Equal values give equal bytes,
/// and reading them back gives an equal value.
nlohmann::json ToJson(const MetricEvidence& state);
/// kInvalid with the field for what ToJson cannot have written; the caller then begins anew. Never throws, bounded.
base::Result<MetricEvidence> ParseMetricEvidence(const nlohmann::json& document);

}  // namespace softmig::analysis
