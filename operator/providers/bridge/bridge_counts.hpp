#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace softmig::providers {

/// Requests of one component, by what became of them. Whole numbers.
struct ComponentVerdicts {
  std::string rules;  ///< hash of the rules they were compared by
  std::map<std::string, double> verdicts;
  double hidden = 0;          ///< of the verdict "differs": nothing but noise; an agent that does not know noise hides nothing
  double target_unasked = 0;  ///< of the verdict "dropped": the target keeps failing, and most is not asked of it
  bool operator==(const ComponentVerdicts&) const = default;
};

/// What an agent has counted since its epoch began: cumulative, and never falling within one.
struct BridgeCounts {
  std::string epoch;
  std::map<std::string, ComponentVerdicts> components;  ///< by name
  bool operator==(const BridgeCounts&) const = default;
};

/// Reads the answer of `/v1/counts`. kInvalid with one line for what no agent can have said: it is bounded in components and verdicts, and
/// every number is whole and counts in ones. Pure, never throws.
base::Result<BridgeCounts> ReadBridgeCounts(const nlohmann::json& answer);

/// What of it counts for a metric. `total` are those that were compared, and of the others those that the metric takes for bad. What
/// differs in nothing but noise was compared, and is not bad. What a target that keeps failing was not asked counts as what it was asked
/// then, failing: otherwise what goes well in the other direction would outweigh it.
struct VerdictSums {
  double total = 0, bad = 0;
  double given_up = 0;  ///< dropped or uncomparable: there are no two answers, or nobody can say
  bool operator==(const VerdictSums&) const = default;
};
/// kInvalid where a verdict of `bad` is not among them: an agent of another version.
base::Result<VerdictSums> SumVerdicts(const ComponentVerdicts& counts, const std::vector<std::string>& bad);

}  // namespace softmig::providers
