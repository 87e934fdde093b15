#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "sim/core/campaign.hpp"
#include "sim/core/search.hpp"
#include "sim/mutants/mutants.hpp"

namespace softmig::simulator {
namespace {

// A sanitizer makes a run ten times slower: the same checks on fewer runs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 20;
constexpr std::uint64_t kSchedules = 40;
#else
constexpr std::uint64_t kSeeds = 80;
constexpr std::uint64_t kSchedules = 300;
#endif

std::string Describe(const CampaignResult& result) {
  std::string text;
  for (const Failure& failure : result.failures) {
    text += "seed " + std::to_string(failure.seed) + " violates " + failure.violation.invariant + ": " + failure.violation.text + "\n";
  }
  return text;
}

TEST(Simulator, ManySeedsKeepEveryPromise) {
  CampaignOptions options;
  options.seeds = kSeeds;
  const CampaignResult result = RunCampaign(options);
  EXPECT_EQ(result.seeds, options.seeds);
  EXPECT_TRUE(result.failures.empty()) << Describe(result);
  EXPECT_GT(result.ends.at("Complete"), kSeeds / 5);
  EXPECT_GT(result.ends.at("RolledBack"), kSeeds / 40);
}

TEST(Simulator, RoutesThatTheOperatorMakesKeepEveryPromise) {
  CampaignOptions options;
  options.seeds = kSeeds / 2;
  options.stage = [](RunOptions& run) { run.scenario = WithManagedRoutes(DrawScenario(run.seed)); };
  const CampaignResult result = RunCampaign(options);
  EXPECT_TRUE(result.failures.empty()) << Describe(result);
  EXPECT_GT(result.exercised.at("RoutesAreMadeAsRecorded"), kSeeds / 4);
}

TEST(Simulator, TheSameSeedGivesTheSameRunEventByEvent) {
  StackPool stacks;
  for (std::uint64_t seed = 500; seed < 506; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunResult first = RunOnce(options, stacks);
    const RunResult second = RunOnce(options, stacks);
    EXPECT_EQ(first.hash, second.hash) << seed;
    EXPECT_EQ(first.events, second.events) << seed;
  }
}

TEST(Simulator, AnotherSeedGivesAnotherRun) {
  StackPool stacks;
  RunOptions options;
  options.seed = 500;
  const std::uint64_t first = RunOnce(options, stacks).hash;
  options.seed = 501;
  EXPECT_NE(first, RunOnce(options, stacks).hash);
}

TEST(Simulator, AWorldWithoutFaultsCompletes) {
  StackPool stacks;
  RunOptions options;
  options.scenario = SmallScenario(1);
  options.plan = FaultPlan{};
  const RunResult result = RunOnce(options, stacks);
  EXPECT_FALSE(result.violation) << result.violation->text;
  EXPECT_EQ(result.ends.at("Complete"), 1U);
}

TEST(FaultPlan, TextIsReadBackAsItWas) {
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    Random random(seed);
    for (const Fault& fault : DrawPlan(DrawScenario(seed), random)) {
      const auto read = ParseFault(ToText(fault));
      ASSERT_TRUE(read) << ToText(fault);
      EXPECT_EQ(*read, fault) << ToText(fault);
    }
  }
  EXPECT_FALSE(ParseFault("no-such-fault at=1"));
  EXPECT_FALSE(ParseFault("crash"));
  EXPECT_FALSE(ParseFault(""));
}

TEST(FaultPlan, WhatIsDrawnForAWorldIsPossibleInIt) {
  for (std::uint64_t seed = 1; seed < 300; ++seed) {
    Random random(seed);
    const Scenario scenario = DrawScenario(seed);
    for (const Fault& fault : DrawPlan(scenario, random)) EXPECT_FALSE(WhyImpossible(scenario, fault)) << ToText(fault);
  }
}

TEST(FaultPlan, SaysWhyAFaultOfAnotherWorldIsImpossible) {
  const Scenario scenario = SmallScenario(1);
  for (const char* line :
       {"crash at=1 who=1", "breach at=1 who=1", "breach at=1 who=-1", "route-gone at=1 who=5", "gateway at=1 what=5",
        "metric-fault at=1 what=-1", "watch-lag at=1 what=9", "breach at=1 what=-1", "pause at=-1", "pause at=1 for=-1"}) {
    EXPECT_TRUE(WhyImpossible(scenario, *ParseFault(line))) << line;
  }
  EXPECT_FALSE(WhyImpossible(scenario, *ParseFault("crash at=1")));
  EXPECT_FALSE(WhyImpossible(scenario, *ParseFault("api-hangs at=1 for=2 who=-1")));
}

TEST(Search, EverySingleDeviationNearAChangeKeepsEveryPromise) {
  StackPool stacks;
  const SearchResult result = Search(1, kSchedules, stacks);
  EXPECT_FALSE(result.violation) << result.world << " " << result.schedule << result.violation->text;
  EXPECT_GE(result.schedules, kSchedules * 5 / 6);
}

/// A simulator that cannot see a mistake proves nothing. All of them: softmigration-sim --mutants.
TEST(Mutants, ALeaderThatLeadsTooLongIsSeenAndItsPlanIsMinimised) {
  const auto mutants = AllMutants();
  EXPECT_GE(mutants.size(), 15U);
  const auto it = std::ranges::find(mutants, "leads-too-long", &Mutant::name);
  ASSERT_NE(it, mutants.end());
  CampaignOptions options;
  options.seeds = 20;
  options.tweaks = it->tweaks;
  options.stage = it->stage;
  const CampaignResult result = RunCampaign(options);
  ASSERT_FALSE(result.failures.empty());
  const Failure& failure = result.failures.front();
  EXPECT_EQ(failure.violation.invariant, "OnlyTheLeaderWrites");
  RunOptions run;
  run.seed = failure.seed;
  run.tweaks = it->tweaks;
  it->stage(run);
  StackPool stacks;
  FaultPlan plan = failure.plan;
  plan.push_back({FaultKind::kCompact, seconds(1), Time(0), 0, 0, 0});  // has nothing to do with it
  const FaultPlan smallest = Minimise(run, plan, failure.violation.invariant, stacks);
  ASSERT_EQ(smallest.size(), 1U);
  EXPECT_EQ(smallest.front().kind, FaultKind::kFreezeAtWrite);
}

/// Each bug that the simulator found: "seed N" or "small REPLICAS" in the first line, then its minimised plan.
TEST(Scenarios, EachKeepsEveryPromise) {
  const std::filesystem::path folder = std::filesystem::path(SOFTMIG_SOURCE_DIR) / "tests/sim/scenarios";
  int count = 0;
  StackPool stacks;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".plan") continue;
    ++count;
    std::ifstream file(entry.path());
    std::string word;
    RunOptions options;
    file >> word >> options.seed;
    ASSERT_EQ(word, "seed") << entry.path();
    FaultPlan plan;
    for (std::string line; std::getline(file, line);) {
      if (const auto fault = ParseFault(line)) plan.push_back(*fault);
    }
    EXPECT_FALSE(plan.empty()) << entry.path();
    options.plan = plan;
    const RunResult result = RunOnce(options, stacks);
    EXPECT_FALSE(result.violation) << entry.path() << ": " << result.violation->invariant << ": " << result.violation->text;
  }
  EXPECT_GE(count, 4);
}

}  // namespace
}  // namespace softmig::simulator
