#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules.hpp"
#include "traffic.hpp"

namespace softmig::judgement {

/// One row of a table: one kind of traffic, seen by several rules at once.
struct Cell {
  std::string name;
  TrafficFactory traffic;
  std::vector<RuleKind> rules;
  double window_seconds = 10;
  double learn_seconds = 0;  ///< before the start: rules see legacy alone
  double horizon_seconds = 7 * 86'400;
  double break_at = 0;  ///< delays and bad requests count from here
  int runs = 1'000;
};

/// What one rule did in all runs of a cell.
struct RuleResult {
  std::string rule;
  int runs = 0;
  int rolled_back = 0;  ///< at any time
  int too_early = 0;    ///< of those, before the break
  int promoted = 0;
  std::optional<double> median_seconds;  ///< from the break to the rollback; in a stage, from the start to the promotion
  double mean_seconds = 0;
  std::optional<double> median_bad;  ///< bad requests served from the break to the rollback
};

/// Runs a cell. The same seed and cell number give the same results, on any machine with the same standard library.
std::vector<RuleResult> Simulate(const Cell& cell, std::uint64_t seed, std::uint64_t number);

}  // namespace softmig::judgement
