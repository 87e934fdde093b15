#include "simulate.hpp"

#include <algorithm>

#include "parallel.hpp"

namespace softmig::judgement {
namespace {

/// How one run ended for one rule.
struct Ending {
  Outcome outcome = Outcome::kGoesOn;
  double at = 0;   ///< end of the last window looked at
  double bad = 0;  ///< since the break
};

/// One run, until every rule has come to an end or time is up.
std::vector<Ending> Run(const Cell& cell, Rng rng) {
  const auto traffic = cell.traffic();
  std::vector<std::unique_ptr<Rule>> rules;
  for (const RuleKind& kind : cell.rules) rules.push_back(kind.make());
  for (double before = 0; before < cell.learn_seconds; before += cell.window_seconds) {
    const WindowCounts counts = traffic->Next(rng);
    for (const auto& rule : rules) rule->Learn(counts, cell.window_seconds);
  }
  std::vector<Ending> endings(rules.size());
  std::size_t undecided = rules.size();
  for (double at = 0; undecided > 0 && at < cell.horizon_seconds;) {
    const WindowCounts counts = traffic->Next(rng);
    const bool broken = at >= cell.break_at;
    at += cell.window_seconds;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      Ending& ending = endings[i];
      if (ending.outcome != Outcome::kGoesOn) continue;
      ending.at = at;
      if (broken) ending.bad += counts.target.bad;
      ending.outcome = rules[i]->Look(counts, cell.window_seconds);
      if (ending.outcome != Outcome::kGoesOn) --undecided;
    }
  }
  return endings;
}

std::optional<double> Median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

RuleResult Summarise(const Cell& cell, const std::string& rule, const std::vector<Ending>& endings) {
  RuleResult result;
  result.rule = rule;
  result.runs = static_cast<int>(endings.size());
  std::vector<double> delays, promotions, bad;
  for (const Ending& ending : endings) {
    if (ending.outcome == Outcome::kPromotes) promotions.push_back(ending.at);
    if (ending.outcome != Outcome::kRollsBack) continue;
    ++result.rolled_back;
    if (ending.at <= cell.break_at) {
      ++result.too_early;
      continue;
    }
    delays.push_back(ending.at - cell.break_at);
    bad.push_back(ending.bad);
  }
  result.promoted = static_cast<int>(promotions.size());
  for (const double delay : delays) result.mean_seconds += delay / static_cast<double>(delays.size());
  result.median_seconds = Median(promotions.empty() ? delays : promotions);
  result.median_bad = Median(bad);
  return result;
}

}  // namespace

std::vector<RuleResult> Simulate(const Cell& cell, std::uint64_t seed, std::uint64_t number) {
  std::vector<std::vector<Ending>> by_rule(cell.rules.size(), std::vector<Ending>(static_cast<std::size_t>(cell.runs)));
  ForEachRun(cell.runs, [&](int run) {
    const std::vector<Ending> endings = Run(cell, RngFor(seed, number, static_cast<std::uint64_t>(run)));
    for (std::size_t i = 0; i < endings.size(); ++i) by_rule[i][static_cast<std::size_t>(run)] = endings[i];
  });
  std::vector<RuleResult> results;
  for (std::size_t i = 0; i < by_rule.size(); ++i) results.push_back(Summarise(cell, cell.rules[i].name, by_rule[i]));
  return results;
}

}  // namespace softmig::judgement
