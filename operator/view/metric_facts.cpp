#include "view/metric_facts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/combine.hpp"
#include "analysis/counts_judge.hpp"
#include "analysis/evidence_json.hpp"
#include "model/checkpoint.hpp"

namespace softmig::view {
namespace {

struct Known {
  analysis::EvidenceRule rule;
  analysis::MetricEvidence evidence;
};

const model::MetricSpec* MetricOf(const model::Spec& spec, const std::string& name) {
  const auto it = std::ranges::find(spec.metrics, name, &model::MetricSpec::name);
  return it == spec.metrics.end() ? nullptr : &*it;
}

/// What is counted (the source) is not known here. That the evidence is about the present spec is: the operator has taken note of it.
std::optional<Known> Find(const Migration& migration, const std::string& component, const std::string& name) {
  const model::Spec& spec = migration.parsed.spec;
  const model::MetricSpec* metric = MetricOf(spec, name);
  const auto* record = model::FindRecord(migration.status.checkpoint, component, name);
  if (metric == nullptr || record == nullptr || !model::UsesEvidence(*metric) || !migration.parsed.errors.empty()) return std::nullopt;
  if (migration.status.evidence_hash != model::EvidenceHash(spec)) return std::nullopt;
  auto rule = analysis::RuleFor(spec, *metric, "");
  const auto text = nlohmann::json::parse(record->state, nullptr, false);
  if (!rule || !text.is_object()) return std::nullopt;
  auto evidence = analysis::ParseMetricEvidence(text);
  if (!evidence) return std::nullopt;
  evidence->spec_hash = rule->hash();
  return Known{std::move(*rule), std::move(*evidence)};
}

}  // namespace

std::optional<MetricFacts> FactsOf(const Migration& migration, const std::string& component, const std::string& metric) {
  const auto known = Find(migration, component, metric);
  if (!known || known->evidence.stage.target.total <= 0) return std::nullopt;
  const analysis::MetricEvidence& evidence = known->evidence;
  const analysis::Explanation explanation = analysis::Explain(known->rule, evidence);
  MetricFacts facts;
  facts.at = evidence.last_window_end.value_or(migration.status.checkpoint.at);
  facts.target = {evidence.stage.target, explanation.target};
  if (explanation.legacy) facts.legacy = SideFacts{evidence.stage.legacy, *explanation.legacy};
  facts.tolerated = analysis::ToleranceText(known->rule);
  facts.against = analysis::OddsText(explanation.assessment.log_rollback);
  facts.rollback_at = analysis::OddsText(known->rule.rollback_threshold());
  facts.in_favour = analysis::OddsText(explanation.assessment.log_promotion);
  facts.step_at = analysis::OddsText(known->rule.promotion_threshold());
  facts.log_against = explanation.assessment.log_rollback;
  facts.shared_failure = explanation.assessment.shared_failure;
  facts.requests_left = explanation.requests_to_decision;
  facts.per_second = analysis::StageTraffic(evidence);
  constexpr double kMostSeconds = 1e9;
  const double wait = facts.per_second > 0 ? facts.requests_left.value_or(0) / facts.per_second : 0;
  if (facts.requests_left && *facts.requests_left > 0 && wait > 0 && wait < kMostSeconds) {
    facts.decision_at = facts.at + base::Millis(static_cast<std::int64_t>(wait) * 1000);
  }
  return facts;
}

std::optional<double> LogAgainst(const Migration& migration, const std::string& component) {
  std::vector<analysis::MetricVote> votes;
  for (const model::MetricSpec& metric : migration.parsed.spec.metrics) {
    if (const auto known = Find(migration, component, metric.name)) {
      votes.push_back({metric.name, analysis::Assess(known->rule, known->evidence)});
    }
  }
  if (votes.empty()) return std::nullopt;
  return analysis::Combine({}, votes, migration.parsed.spec.alpha).log_rollback;
}

}  // namespace softmig::view
