#include "reconcile/domain_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace softmig::reconcile {
namespace {

const kube::ObjectKey kKey{"shop", "payments"};

/// The lines of one metric, sorted, without its help.
std::vector<std::string> Lines(const prometheus::Registry& registry, const std::string& name) {
  std::istringstream text(prometheus::TextSerializer().Serialize(registry.Collect()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(name + "{")) lines.push_back(line);
  }
  std::ranges::sort(lines);
  return lines;
}

model::Status StatusWith(model::ConditionStatus stalled, const std::string& why, const std::string& health) {
  model::Status status;
  status.phase = model::Phase::kShift;
  status.conditions = {{"Stalled", stalled, 1, {}, why, ""}, {"AnalysisHealthy", model::ConditionStatus::kUnknown, 1, {}, health, ""}};
  return status;
}

TEST(DomainMetrics, TellsWhyAMigrationIsStalledAndOnlyWhileItIs) {
  prometheus::Registry registry;
  DomainMetrics metrics(registry);
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kFalse, "Shifting", "Healthy"));
  EXPECT_TRUE(Lines(registry, "softmigration_stalled").empty());
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kTrue, "OwnershipConflict", "Healthy"));
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kTrue, "InvalidSpec", "Healthy"));
  EXPECT_EQ(Lines(registry, "softmigration_stalled"),
            (std::vector<std::string>{R"(softmigration_stalled{name="payments",namespace="shop",reason="InvalidSpec"} 1)"}));
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kFalse, "Shifting", "Healthy"));
  EXPECT_TRUE(Lines(registry, "softmigration_stalled").empty());
}

TEST(DomainMetrics, TellsThatEvidenceIsMissing) {
  prometheus::Registry registry;
  DomainMetrics metrics(registry);
  for (int i = 0; i < 2; ++i) metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kFalse, "Shifting", "MissingEvidence"));
  EXPECT_EQ(Lines(registry, "softmigration_evidence_missing"),
            (std::vector<std::string>{R"(softmigration_evidence_missing{name="payments",namespace="shop"} 1)"}));
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kFalse, "Shifting", "Healthy"));
  EXPECT_TRUE(Lines(registry, "softmigration_evidence_missing").empty());
}

TEST(DomainMetrics, CountsAnswersByWhatTheySaid) {
  prometheus::Registry registry;
  DomainMetrics metrics(registry);
  metrics.SetAnswers({{model::Verdict::kPass, 3}});
  metrics.SetAnswers({{model::Verdict::kPass, 5}, {model::Verdict::kError, 2}});
  EXPECT_EQ(Lines(registry, "softmigration_metric_answers_total"),
            (std::vector<std::string>{R"(softmigration_metric_answers_total{verdict="Error"} 2)",
                                      R"(softmigration_metric_answers_total{verdict="Pass"} 5)"}));
}

TEST(DomainMetrics, AForgottenMigrationLeavesNothing) {
  prometheus::Registry registry;
  DomainMetrics metrics(registry);
  metrics.SetMigration(kKey, StatusWith(model::ConditionStatus::kTrue, "InvalidSpec", "MissingEvidence"));
  metrics.ForgetMigration(kKey);
  for (const char* name : {"softmigration_phase", "softmigration_weight", "softmigration_stalled", "softmigration_evidence_missing"}) {
    EXPECT_TRUE(Lines(registry, name).empty()) << name;
  }
}

}  // namespace
}  // namespace softmig::reconcile
