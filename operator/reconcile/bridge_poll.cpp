#include "reconcile/bridge_poll.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"

namespace softmig::reconcile {
namespace {

using model::Verdict;

std::uint64_t IdOf(const BridgeRound::Agent& agent) { return base::Fnv1a(agent.address + "/" + agent.counts.epoch); }

/// The component's counts in an answer, or why they are none of its present evidence.
base::Result<analysis::AgentCount> CountOf(const Poll& poll, const BridgeRound::Agent& agent) {
  const auto found = agent.counts.components.find(poll.component);
  if (found == agent.counts.components.end()) {
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("pod {} does not compare component {} yet", agent.address, poll.component));
  }
  const auto rules = poll.spec->component_rules.find(poll.component);
  if (rules != poll.spec->component_rules.end() && rules->second != found->second.rules) {
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("pod {} does not compare by the present rules yet", agent.address));
  }
  const auto sums = providers::SumVerdicts(found->second, std::get<model::BridgeSource>(poll.metric->source).verdicts);
  if (!sums) return base::Fail(sums.error());
  return analysis::AgentCount{IdOf(agent), {sums->total, sums->bad}, sums->given_up};
}

base::Result<analysis::AgentsReading> ReadingOf(const Poll& poll, const BridgeRound& round) {
  if (!round.problem.empty()) return base::Fail(base::ErrorCode::kUnavailable, round.problem);
  analysis::AgentsReading reading{round.asked_at, {}};
  for (const BridgeRound::Agent& agent : round.agents) {
    auto count = CountOf(poll, agent);
    if (!count) return base::Fail(count.error());
    reading.agents.push_back(*count);
  }
  return reading;
}

analysis::Judgement Without(Verdict verdict, const std::string& why, base::WallTime now) {
  analysis::Judgement judgement;
  judgement.verdict = verdict;
  judgement.at = judgement.window_start = now;
  judgement.evidence = "bridge: " + why;
  return judgement;
}

/// The last good answer still speaks.
bool IsFresh(const Poll& poll, base::WallTime now) {
  const auto& latest = poll.seen.latest();
  const bool good = latest && latest->verdict != Verdict::kNoData && latest->verdict != Verdict::kError;
  return good && latest->at <= now && now - latest->at <= StaleAfter(*poll.spec);
}

std::optional<CountResult> Missing(const Poll& poll, Verdict verdict, const std::string& why, base::WallTime now) {
  if (IsFresh(poll, now)) return std::nullopt;
  return CountResult{poll.counting ? poll.counting->memory : CountMemory(), Without(verdict, why, now), nullptr};
}

}  // namespace

std::optional<CountResult> TakeRound(const Poll& poll, const BridgeRound& round, base::WallTime now) {
  if (!poll.counting) return Missing(poll, Verdict::kError, poll.refused, now);
  const auto reading = ReadingOf(poll, round);
  if (!reading) return Missing(poll, Verdict::kNoData, reading.error().message, now);
  const CountPlan& plan = poll.counting->plan;
  analysis::CountsState state = poll.counting->memory.state;
  auto& until = state.evidence.last_window_end;
  // The clock was set back by more than is waited for: the counting starts at this round.
  if (until && *until - reading->asked_at > LongestWait(poll.spec->interval)) until.reset();
  analysis::CountsOutcome outcome = analysis::TakeAgents(*plan.rule, std::move(state), *reading, poll.counting->stage);
  if (outcome.problem != Verdict::kPass) return Missing(poll, outcome.problem, outcome.why, now);
  analysis::CountsView view{plan.rule, outcome.state.evidence, analysis::Assess(*plan.rule, outcome.state.evidence), 0};
  analysis::Judgement judgement = analysis::JudgeCounts(view, outcome, now);
  CountMemory memory = poll.counting->memory;
  memory.state = std::move(outcome.state);
  return CountResult{std::move(memory), std::move(judgement), std::make_shared<const analysis::CountsView>(std::move(view))};
}

}  // namespace softmig::reconcile
