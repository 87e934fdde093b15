#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/evidence_window.hpp"

namespace softmig::analysis {

/// What one agent of a bridge has counted since it began. Whole numbers, held in doubles as Counts are.
struct AgentCount {
  std::uint64_t id = 0;  ///< names the agent and its epoch: another epoch begins at 0 and is another series
  Counts compared;       ///< comparisons, and the bad ones of them
  double given_up = 0;   ///< requests that were to be compared and were not
  bool operator==(const AgentCount&) const = default;
};

/// So many are remembered: those that answered last. Their text stays within what status keeps of one metric.
inline constexpr std::size_t kMostAgents = 32;

/// What came in between two rounds of answers, or why nobody can tell.
struct AgentsGrowth {
  std::vector<AgentCount> known;  ///< to be remembered for the next round
  Counts grown;
  double given_up = 0;
  std::string refused;  ///< then `known` is as it was
};

/// `now`: what all agents say at one time, each once. An agent that was not known began in between and counts with all it has; one that is
/// gone counts nothing, and is remembered as long as there is room, so that a pod that comes back is not counted twice. Refused: an
/// agent's counts fell within its epoch, an agent stands there twice, more than kMostAgents. Pure.
AgentsGrowth Grow(const std::vector<AgentCount>& before, const std::vector<AgentCount>& now);

}  // namespace softmig::analysis
