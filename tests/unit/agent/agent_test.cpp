#include "agent/serve/agent.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace softmig::agent::testing {
namespace {

std::set<int> Threads() {
  std::set<int> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) threads.insert(std::stoi(entry.path().filename()));
  return threads;
}

bool StepsBack(int thread, int niceness) {
  const bool is_nicer = getpriority(PRIO_PROCESS, static_cast<id_t>(thread)) == std::min(niceness + 10, 19);
  return is_nicer && sched_getscheduler(thread) != SCHED_OTHER;
}

TEST(Agent, CopiesLeaveTheProcessorToThoseWhoCarryUsersAndNothingElseDoes) {
  auto config = ParseAgentConfig(R"({"components": [{"name": "all"}], "legacy": {"url": "http://127.0.0.1:1", "clusters": ["legacy"]},
                                     "target": {"url": "http://127.0.0.1:1", "clusters": ["target"]}})");
  ASSERT_TRUE(config) << config.error().message;
  auto digest = compare::ValueDigest::Make("0123456789abcdef");
  ASSERT_TRUE(digest);
  const base::SystemClock clock;
  const auto log = base::MakeStderrLog(base::LogLevel::kError);
  AgentOptions options;
  options.copies_address = "127.0.0.1:0";
  options.epoch = "e";
  const int policy = sched_getscheduler(0);
  const int niceness = getpriority(PRIO_PROCESS, 0);
  const std::set<int> before = Threads();

  const auto agent = Agent::Make(std::move(*config), options, std::move(*digest), clock, *log);
  ASSERT_TRUE(agent) << agent.error().message;

  EXPECT_EQ(sched_getscheduler(0), policy);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), niceness);
  std::set<int> made = Threads();
  std::erase_if(made, [&](int thread) { return before.contains(thread); });
  const auto behind = static_cast<std::size_t>(std::ranges::count_if(made, [&](int thread) { return StepsBack(thread, niceness); }));
  // Those of gRPC may be there since earlier tests: of ours there are one that takes copies, one that asks and one that compares, and one
  // that tells.
  EXPECT_GE(behind, 3U);
  EXPECT_GE(made.size() - behind, 1U);
}

}  // namespace
}  // namespace softmig::agent::testing
