#include "analysis/agent_counts.hpp"

#include <gtest/gtest.h>

namespace softmig::analysis::testing {
namespace {

using Agents = std::vector<AgentCount>;

TEST(AgentCounts, WhatGrewIsCountedForEachAgent) {
  const AgentsGrowth growth = Grow({{1, {100, 2}, 5}, {2, {50, 0}, 0}}, {{1, {130, 3}, 6}, {2, {50, 0}, 0}});
  EXPECT_EQ(growth.grown, (Counts{30, 1}));
  EXPECT_EQ(growth.given_up, 1);
  EXPECT_EQ(growth.refused, "");
  EXPECT_EQ(growth.known, (Agents{{1, {130, 3}, 6}, {2, {50, 0}, 0}}));
}

TEST(AgentCounts, AnAgentThatBeganInBetweenCountsWithAllItHas) {
  EXPECT_EQ(Grow({{1, {100, 2}, 0}}, {{9, {7, 1}, 2}}).grown, (Counts{7, 1})) << "another epoch of the same pod";
  EXPECT_EQ(Grow({}, {{1, {100, 2}, 0}}).grown, (Counts{100, 2}));
}

TEST(AgentCounts, APodThatComesBackIsNotCountedTwice) {
  const AgentsGrowth away = Grow({{1, {100, 2}, 0}, {2, {10, 0}, 0}}, {{2, {11, 0}, 0}});
  EXPECT_EQ(away.grown, (Counts{1, 0}));
  EXPECT_EQ(Grow(away.known, {{1, {104, 2}, 0}, {2, {11, 0}, 0}}).grown, (Counts{4, 0}));
}

TEST(AgentCounts, TheSameAnswerAgainIsNothingNew) {
  const Agents same{{1, {100, 2}, 3}};
  const AgentsGrowth growth = Grow(same, same);
  EXPECT_EQ(growth.grown, Counts());
  EXPECT_EQ(growth.refused, "");
}

TEST(AgentCounts, WhatCannotBeChangesNothing) {
  const Agents before{{1, {100, 2}, 3}};
  const std::vector<Agents> impossible{{{1, {99, 2}, 3}},  {{1, {100, 1}, 3}}, {{1, {100, 2}, 2}}, {{1, {101, 2}, 3}, {1, {102, 2}, 3}},
                                       {{1, {101, 5}, 3}}, Agents(33)};
  for (const Agents& now : impossible) {
    const AgentsGrowth growth = Grow(before, now);
    EXPECT_NE(growth.refused, "");
    EXPECT_EQ(growth.known, before);
    EXPECT_EQ(growth.grown, Counts());
  }
}

TEST(AgentCounts, RemembersABoundedNumberAndThoseThatAnswerFirst) {
  Agents known;
  for (std::uint64_t id = 1; id <= 100; ++id) known = Grow(known, {{1000, {0, 0}, 0}, {id, {1, 0}, 0}}).known;
  EXPECT_EQ(known.size(), kMostAgents);
  EXPECT_EQ(known[0].id, 1000U);
  EXPECT_EQ(known[1].id, 100U);
  EXPECT_EQ(known[2].id, 99U) << "who left last is remembered longest";
}

}  // namespace
}  // namespace softmig::analysis::testing
