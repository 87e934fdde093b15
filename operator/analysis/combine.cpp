#include "analysis/combine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/assert.hpp"

namespace softmig::analysis {
namespace {

/// ln of the sum of weight_i e^log_i over the sum of weights, in an order that only the values decide.
double LogMean(std::vector<std::pair<double, int>> parts) {
  std::ranges::sort(parts);
  const double most = parts.back().first;
  if (std::isinf(most)) return most;
  double sum = 0;
  double weight = 0;
  for (const auto& [log, count] : parts) {
    sum += count * std::exp(log - most);
    weight += count;
  }
  return most + std::log(sum / weight);
}

bool Outweighs(const MetricVote& a, const MetricVote& b) {
  if (a.assessment.log_rollback != b.assessment.log_rollback) return a.assessment.log_rollback > b.assessment.log_rollback;
  return a.name < b.name;
}

}  // namespace

bool NextHold(bool holding, double log_rollback) { return log_rollback >= (holding ? kResumeBelow : kHoldFrom); }

double LogMeanExp(std::vector<double> logs) {
  if (logs.empty()) return 0;
  std::vector<std::pair<double, int>> parts;
  parts.reserve(logs.size());
  for (const double log : logs) parts.emplace_back(log, 1);
  return LogMean(std::move(parts));
}

ComponentEvidence Combine(const ComponentEvidence& before, const std::vector<MetricVote>& votes, double alpha) {
  SM_ASSERT(alpha > 0 && alpha < 1);
  ComponentEvidence out;
  if (!votes.empty()) {
    std::vector<std::pair<double, int>> parts;
    parts.reserve(votes.size());
    for (const MetricVote& vote : votes) parts.emplace_back(vote.assessment.log_rollback, vote.assessment.detectors);
    out.log_rollback = LogMean(std::move(parts));
    out.blame = std::ranges::min_element(votes, Outweighs)->name;
  }
  out.breached = before.breached || out.log_rollback >= -std::log(alpha);
  out.holding = NextHold(before.holding, out.log_rollback);
  out.may_advance = !votes.empty() && !out.holding && !out.breached &&
                    std::ranges::all_of(votes, [](const MetricVote& vote) { return vote.assessment.verdict == model::Verdict::kPass; });
  return out;
}

}  // namespace softmig::analysis
