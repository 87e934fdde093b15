#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/core/simulation.hpp"

namespace softmig::simulator {

struct CampaignOptions {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1;
  unsigned threads = 1;
  bool keep_going = false;  ///< after a violation
  Tweaks tweaks;
  std::function<void(RunOptions&)> stage;  ///< changes each run's options; may be empty
};

struct Failure {
  std::uint64_t seed = 0;
  Violation violation;
  FaultPlan plan;
};

struct CampaignResult {
  std::uint64_t seeds = 0, events = 0, faults = 0;
  double virtual_hours = 0;
  double seconds = 0;  ///< of real time
  std::map<std::string, std::uint64_t, std::less<>> exercised;
  std::map<std::string, std::uint64_t> ends;
  std::vector<Failure> failures;  ///< by seed
};

/// Runs many seeds on several threads; each run is one thread's alone. Ends with the first violation unless told to go on.
CampaignResult RunCampaign(const CampaignOptions& options);

/// A smallest part of a failing plan with which the same invariant still fails: no single fault of it can be left out.
FaultPlan Minimise(RunOptions options, const FaultPlan& plan, const std::string& invariant, StackPool& stacks);

}  // namespace softmig::simulator
