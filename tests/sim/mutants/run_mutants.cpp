#include <cstdio>

#include "sim/core/campaign.hpp"
#include "sim/mutants/mutants.hpp"

namespace softmig::simulator {
namespace {

constexpr std::uint64_t kStagedSeeds = 40;
constexpr std::uint64_t kSeeds = 1'500;

std::optional<Failure> Kill(const Mutant& mutant) {
  CampaignOptions options;
  options.threads = 2;
  options.tweaks = mutant.tweaks;
  for (const bool staged : {true, false}) {
    if (staged && !mutant.stage) continue;
    options.seeds = staged ? kStagedSeeds : kSeeds;
    options.stage = staged ? mutant.stage : nullptr;
    const CampaignResult result = RunCampaign(options);
    if (!result.failures.empty()) return result.failures.front();
  }
  return std::nullopt;
}

}  // namespace

int RunMutants(const std::string& only) {
  int killed = 0;
  int all = 0;
  for (const Mutant& mutant : AllMutants()) {
    if (!only.empty() && mutant.name != only) continue;
    ++all;
    const auto failure = Kill(mutant);
    if (failure) {
      ++killed;
      std::printf("killed %-28s by %s, seed %llu: %s\n", mutant.name.c_str(), failure->violation.invariant.c_str(),
                  static_cast<unsigned long long>(failure->seed), failure->violation.text.substr(0, 160).c_str());
    } else {
      std::printf("ALIVE  %-28s (%s)\n", mutant.name.c_str(), mutant.mistake.c_str());
    }
    std::fflush(stdout);
  }
  std::printf("mutants: killed=%d of %d\n", killed, all);
  return killed == all && all > 0 ? 0 : 1;
}

}  // namespace softmig::simulator
