#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/core/simulation.hpp"

namespace softmig::simulator {

/// A small mistake, known from other operators or easily made here, that can be switched on. None touches operator/: each sits in a
/// wrapper around one of its parts.
struct Mutant {
  std::string name;
  std::string mistake;
  Tweaks tweaks;
  /// Worlds in which the mistake shows; used beside the ordinary seeds. May be empty.
  std::function<void(RunOptions&)> stage;
};
std::vector<Mutant> AllMutants();

// mutants_routers.cpp, mutants_metrics.cpp, mutants_writes.cpp
void AddRouterMutants(std::vector<Mutant>& mutants);
void AddMetricMutants(std::vector<Mutant>& mutants);
void AddWriteMutants(std::vector<Mutant>& mutants);

/// Runs each (or only the named one) until some invariant kills it; prints which and with which seed, at last "mutants: killed=N of N".
/// The exit status: 0 where all were killed.
int RunMutants(const std::string& only);

}  // namespace softmig::simulator
