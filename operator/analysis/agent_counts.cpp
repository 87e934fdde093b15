#include "analysis/agent_counts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace softmig::analysis {
namespace {

const AgentCount* Find(const std::vector<AgentCount>& agents, std::uint64_t id) {
  const auto it = std::ranges::find(agents, id, &AgentCount::id);
  return it == agents.end() ? nullptr : &*it;
}

bool IsBelow(const AgentCount& now, const AgentCount& before) {
  return now.compared.total < before.compared.total || now.compared.bad < before.compared.bad || now.given_up < before.given_up;
}

AgentsGrowth Refuse(const std::vector<AgentCount>& before, std::string why) { return {before, {}, 0, std::move(why)}; }

}  // namespace

AgentsGrowth Grow(const std::vector<AgentCount>& before, const std::vector<AgentCount>& now) {
  if (now.size() > kMostAgents) return Refuse(before, fmt::format("the bridge has {} agents, more than {}", now.size(), kMostAgents));
  AgentsGrowth growth;
  for (const AgentCount& agent : now) {
    if (Find(growth.known, agent.id) != nullptr) return Refuse(before, "two answers are of one agent");
    const AgentCount* known = Find(before, agent.id);
    const AgentCount start = known != nullptr ? *known : AgentCount();
    if (IsBelow(agent, start)) return Refuse(before, "an agent's counts fell");
    growth.grown.total += agent.compared.total - start.compared.total;
    growth.grown.bad += agent.compared.bad - start.compared.bad;
    growth.given_up += agent.given_up - start.given_up;
    growth.known.push_back(agent);
  }
  if (growth.grown.bad > growth.grown.total) return Refuse(before, "more comparisons were bad than were made");
  for (const AgentCount& agent : before) {
    if (growth.known.size() < kMostAgents && Find(growth.known, agent.id) == nullptr) growth.known.push_back(agent);
  }
  return growth;
}

}  // namespace softmig::analysis
