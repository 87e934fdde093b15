// softmigration-sim: many seeds, one seed, the mutants, or the systematic search.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/core/campaign.hpp"
#include "sim/core/invariants.hpp"
#include "sim/core/search.hpp"
#include "sim/mutants/mutants.hpp"

// Read by jemalloc, where it is linked: a run takes and frees megabytes of small blocks, and a thread should keep them to itself.
extern "C" {
extern const char* const malloc_conf;  // NOLINT(readability-identifier-naming): its name is given
const char* const malloc_conf = "tcache_nslots_small_max:2000,lg_tcache_nslots_mul:4,tcache_max:65536";
}

namespace {

using namespace softmig::simulator;  // NOLINT(google-build-using-namespace): a program of its own

struct Arguments {
  std::uint64_t seeds = 0, from = 1, seed = 0;
  unsigned threads = 2;
  int search = 0;
  bool transcript = false, stats = false, keep_going = false, mutants = false, managed = false;
  std::string plan_file, only;
};

constexpr const char* kUsage =
    "softmigration-sim --seeds N [--from S] [--threads 2] [--stats] [--keep-going] [--managed]\n"
    "softmigration-sim --seed S [--plan FILE] [--transcript] [--only MUTANT | --managed]\n"
    "softmigration-sim --mutants [--only NAME]\n"
    "softmigration-sim --search DEPTH\n";

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    const auto number = [&] { return std::strtoull(argv[++i < argc ? i : argc - 1], nullptr, 10); };
    if (name == "--seeds") {
      arguments.seeds = number();
    } else if (name == "--from") {
      arguments.from = number();
    } else if (name == "--seed") {
      arguments.seed = number();
    } else if (name == "--threads") {
      arguments.threads = static_cast<unsigned>(std::clamp<unsigned long long>(number(), 1, 64));
    } else if (name == "--search") {
      arguments.search = static_cast<int>(number());
    } else if (name == "--plan" || name == "--only") {
      (name == "--plan" ? arguments.plan_file : arguments.only) = value;
      ++i;
    } else if (name == "--transcript") {
      arguments.transcript = true;
    } else if (name == "--stats") {
      arguments.stats = true;
    } else if (name == "--keep-going") {
      arguments.keep_going = true;
    } else if (name == "--managed") {
      arguments.managed = true;
    } else if (name == "--mutants") {
      arguments.mutants = true;
    } else {
      return false;
    }
  }
  return arguments.seeds > 0 || arguments.seed > 0 || arguments.mutants || arguments.search > 0;
}

void PrintFailure(const Failure& failure) {
  std::printf("seed %llu violates %s at %.3f s: %s\n", static_cast<unsigned long long>(failure.seed), failure.violation.invariant.c_str(),
              std::chrono::duration<double>(failure.violation.at).count(), failure.violation.text.c_str());
}

/// The worlds in which the operator makes the routes.
void ManageRoutes(RunOptions& options) { options.scenario = WithManagedRoutes(DrawScenario(options.seed)); }

void PrintSmallestPlan(const Failure& failure, bool managed, StackPool& stacks) {
  RunOptions run;
  run.seed = failure.seed;
  if (managed) ManageRoutes(run);
  const FaultPlan plan = Minimise(run, failure.plan, failure.violation.invariant, stacks);
  std::printf("minimised plan (put it into a file and run: softmigration-sim --seed %llu%s --plan FILE --transcript):\n",
              static_cast<unsigned long long>(failure.seed), managed ? " --managed" : "");
  for (const Fault& fault : plan) std::printf("%s\n", ToText(fault).c_str());
}

void PrintStats(const CampaignResult& result) {
  for (const char* name : invariant::kAll) {
    const auto it = result.exercised.find(name);
    std::printf("exercised %-30s %llu\n", name, static_cast<unsigned long long>(it == result.exercised.end() ? 0 : it->second));
  }
  for (const auto& [end, count] : result.ends) std::printf("ended     %-30s %llu\n", end.c_str(), static_cast<unsigned long long>(count));
}

/// A promise that was never put to the test has not been kept.
bool AllExercised(const CampaignResult& result, bool managed) {
  bool all = true;
  for (const char* name : invariant::kAll) {
    if (result.exercised.contains(name) || (name == std::string_view(invariant::kMade) && !managed)) continue;
    std::printf("never exercised: %s\n", name);
    all = false;
  }
  return all;
}

int RunSeeds(const Arguments& arguments) {
  CampaignOptions options;
  options.from = arguments.from;
  options.seeds = arguments.seeds;
  options.threads = arguments.threads;
  options.keep_going = arguments.keep_going;
  if (arguments.managed) options.stage = ManageRoutes;
  const CampaignResult result = RunCampaign(options);
  StackPool stacks;
  std::map<std::string, int> shown;
  for (const Failure& failure : result.failures) {
    PrintFailure(failure);
    if (shown[failure.violation.invariant]++ < 2) PrintSmallestPlan(failure, arguments.managed, stacks);
  }
  for (const auto& [name, count] : shown) std::printf("violations of %s: %d\n", name.c_str(), count);
  if (arguments.stats) PrintStats(result);
  const bool exercised = !arguments.stats || AllExercised(result, arguments.managed);
  std::printf("sim: seeds=%llu events=%llu faults=%llu violations=%zu virtual_hours=%.1f events_per_second=%.0f\n",
              static_cast<unsigned long long>(result.seeds), static_cast<unsigned long long>(result.events),
              static_cast<unsigned long long>(result.faults), result.failures.size(), result.virtual_hours,
              static_cast<double>(result.events) / std::max(result.seconds, 0.001));
  return result.failures.empty() && exercised ? 0 : 1;
}

/// Nothing where the plan is none for this world; says why on stderr.
std::optional<FaultPlan> ReadPlan(const std::string& path, const Scenario& scenario) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "%s cannot be read\n", path.c_str());
    return std::nullopt;
  }
  FaultPlan plan;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("seed ")) continue;
    const auto fault = ParseFault(line);
    const auto why = fault ? WhyImpossible(scenario, *fault) : std::optional<std::string>("this is no fault");
    if (why) {
      std::fprintf(stderr, "%s: %s: %s (is the plan one of another seed?)\n", path.c_str(), line.c_str(), why->c_str());
      return std::nullopt;
    }
    plan.push_back(*fault);
  }
  return plan;
}

int RunOneSeed(const Arguments& arguments) {
  StackPool stacks;
  RunOptions options;
  options.seed = arguments.seed;
  if (arguments.managed) ManageRoutes(options);
  if (!arguments.only.empty()) {
    const auto mutants = AllMutants();
    const auto mutant = std::ranges::find(mutants, arguments.only, &Mutant::name);
    if (mutant == mutants.end()) {
      std::fputs("no such mutant\n", stderr);
      return 2;
    }
    options.tweaks = mutant->tweaks;
    if (mutant->stage) mutant->stage(options);
  }
  if (!arguments.plan_file.empty()) {
    options.plan = ReadPlan(arguments.plan_file, options.scenario ? *options.scenario : DrawScenario(options.seed));
    if (!options.plan) return 2;
  }
  if (arguments.transcript) options.transcript = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  const RunResult result = RunOnce(options, stacks);
  for (const Fault& fault : result.plan) std::printf("plan: %s\n", ToText(fault).c_str());
  if (result.violation) std::printf("violated %s: %s\n", result.violation->invariant.c_str(), result.violation->text.c_str());
  std::printf("sim: seed=%llu events=%llu virtual_hours=%.2f hash=%016llx violations=%d\n", static_cast<unsigned long long>(options.seed),
              static_cast<unsigned long long>(result.events), result.virtual_hours, static_cast<unsigned long long>(result.hash),
              result.violation ? 1 : 0);
  return result.violation ? 1 : 0;
}

int RunSearch(int depth) {
  constexpr std::uint64_t kMost = 100'000;
  StackPool stacks;
  const SearchResult result = Search(depth, kMost, stacks);
  if (result.violation) {
    std::printf("world %s, schedule %s violates %s: %s\n", result.world.c_str(), result.schedule.c_str(),
                result.violation->invariant.c_str(), result.violation->text.c_str());
  }
  std::printf("search: schedules=%llu depth=%d violations=%d\n", static_cast<unsigned long long>(result.schedules), depth,
              result.violation ? 1 : 0);
  return result.violation ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (arguments.seeds > 0) return RunSeeds(arguments);
  if (arguments.mutants) return RunMutants(arguments.only);
  if (arguments.search > 0) return RunSearch(arguments.search);
  return RunOneSeed(arguments);
}
