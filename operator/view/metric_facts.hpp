#pragma once

#include <optional>
#include <string>

#include "analysis/assessment.hpp"
#include "view/migration.hpp"

namespace softmig::view {

/// The counts of one side in the present step.
struct SideFacts {
  analysis::Counts counts;
  analysis::Interval likely;
};

/// What the evidence in status.checkpoint says of one metric, as of `at`.
struct MetricFacts {
  base::WallTime at{};
  SideFacts target;
  std::optional<SideFacts> legacy;
  std::string tolerated;             ///< "tolerated 1 %"
  std::string against, rollback_at;  ///< odds to 1, as text
  std::string in_favour, step_at;
  double log_against = 0;
  bool shared_failure = false;
  std::optional<double> requests_left;  ///< until a decision; nothing: too near the tolerance to tell
  double per_second = 0;                ///< requests of the target
  std::optional<base::WallTime> decision_at;
};

/// Nothing where the metric is not judged by evidence, nothing was counted in this step, or the evidence is about an earlier spec.
std::optional<MetricFacts> FactsOf(const Migration& migration, const std::string& component, const std::string& metric);

/// ln of the odds of all metrics of a component together, which hold from 10 to 1 and take users back at 1/alpha; nothing where there are
/// none.
std::optional<double> LogAgainst(const Migration& migration, const std::string& component);

}  // namespace softmig::view
