#include <gtest/gtest.h>

#include "unit/lint/lint_fixture.hpp"

namespace softmig::lint {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

constexpr const char* kMetric = "/spec/analysis/metrics/0";
std::string OfMetric(const std::string& field) { return std::string(kMetric) + field; }

TEST(Advice, WarnsOfStepsAndPoliciesThatAreProbablyNotMeant) {
  const std::vector<std::pair<json, std::string>> cases{
      {With("/spec/plan/shift/steps", json::parse(R"([{"weight": 100, "hold": "1h"}])")), "AllAtOnce spec.plan.shift.steps[0].weight"},
      {With("/spec/desiredPhase", "Pending"), "NothingMoves spec.desiredPhase"},
      {With("/spec/paused", true), "NothingMoves spec.paused"},
      {With("/spec/plan/onBreach", "Hold"), "OnlyHolds spec.plan.onBreach"},
      {With("/spec/plan/onNoEvidence", {{"policy", "Hold"}, {"then", "Hold"}}), "OnlyHolds spec.plan.onNoEvidence.then"},
      {With("/spec/plan/onNoEvidence", {{"policy", "Hold"}, {"deadline", "10s"}}), "GapRollsBack spec.plan.onNoEvidence.deadline"},
      {With("/spec/analysis/alpha", "0.2"), "LooseOdds spec.analysis.alpha"},
      {With("/spec/analysis/beta", "0.2"), "LooseOdds spec.analysis.beta"},
      {With("/spec/routes", {{{"name", "web"}, {"bridge", {{"name", "entrance"}, {"port", 80}, {"replicas", 1}}}}}),
       "OneReplica spec.routes[0].bridge.replicas"},
      {With("/spec/routes", {{{"name", "web"}, {"istio", {{"virtualService", "payments"}}}}}), "AcceptanceUnknown spec.routes[0]"},
      {With("/spec/analysis/delay", "1m"), "LateData spec.plan.shift.steps[2]"},
  };
  for (const auto& [patch, wanted] : cases) EXPECT_EQ(Said(Manifest(patch)), Strings{wanted}) << patch;
}

TEST(Advice, LooksAtTheQueries) {
  EXPECT_EQ(Said(Manifest(With(OfMetric("/prometheus/bad"), "rate(errors{service=\"{{target}}\"}[5m]) or vector(0)"))),
            Strings{"NotACounter spec.analysis.metrics[0].prometheus.bad"});
  EXPECT_EQ(Said(Manifest(With(OfMetric("/prometheus/bad"), "sum(errors{service=\"{{target}}\"})"))),
            Strings{"NoZero spec.analysis.metrics[0].prometheus.bad"});
  const json same{{"bad", "sum(errors) or vector(0)"}, {"total", "sum(requests)"}};
  json source = same;
  source["address"] = "https://prometheus:9090";
  source["legacy"] = same;
  EXPECT_EQ(Said(Manifest(With(OfMetric("/prometheus"), source))), Strings{"SameQueries spec.analysis.metrics[0].prometheus.legacy"});
}

TEST(Advice, ABridgeComparesAllRequestsWhateverTheWeight) {
  json patch = With("/spec/routes", {{{"name", "web"}, {"bridge", {{"name", "entrance"}, {"port", 80}}}}});
  patch.push_back(
      {{"op", "replace"},
       {"path", kMetric},
       {"value", {{"name", "answers"}, {"bridge", {{"verdicts", {"differs"}}}}, {"zeroDiscrepancies", {{"comparisons", 7200}}}}}});
  EXPECT_EQ(Said(Manifest(patch)), Strings{}) << "there are no queries to look at";
  EXPECT_EQ(Said(Manifest(patch), {.requests_per_second = 2, .legacy_bad = 0.5}), Strings{"EvidenceIsSlow spec.plan.shift.steps[2]"})
      << "7200 in an hour, at 1 %, too; the last step has no hold";
  EXPECT_EQ(Said(Manifest(patch), {.requests_per_second = 1}), Strings{"EvidenceIsSlow spec.plan.shift.steps[0]"});
  patch[0]["value"][0]["bridge"]["sampling"] = 50;
  EXPECT_EQ(Said(Manifest(patch), {.requests_per_second = 2}), Strings{"EvidenceIsSlow spec.plan.shift.steps[0]"})
      << "half of them are copied";
}

TEST(Advice, LooksAfterCredentials) {
  json patch = With(OfMetric("/prometheus/bearerToken"), {{"name", "prom"}, {"key", "token"}});
  EXPECT_EQ(Said(Manifest(patch)), Strings{});
  patch.push_back({{"op", "replace"}, {"path", OfMetric("/prometheus/address")}, {"value", "http://prometheus:9090"}});
  EXPECT_EQ(Said(Manifest(patch)), Strings{"CredentialsInClear spec.analysis.metrics[0]"});
  const json header = json::array({{{"name", "X-Api-Key"}, {"value", "hunter2"}}, {{"name", "X-Scope-OrgID"}, {"value", "shop"}}});
  const auto findings = Check(Manifest(With(OfMetric("/prometheus/headers"), header)), {});
  EXPECT_EQ(findings.at(0).rule, Rule::kCredentialInSpec);
  for (const Finding& finding : findings) EXPECT_EQ(finding.message.find("hunter2"), std::string::npos);
}

TEST(Advice, ComparesHoldsWithTheTimeThatEvidenceTakes) {
  EXPECT_EQ(Said(Manifest(), {.requests_per_second = 10'000, .legacy_bad = 0.0001}), Strings{});
  // 1 % of 2 requests a second are 72 an hour, and 578 are needed.
  EXPECT_EQ(Said(Manifest(), {.requests_per_second = 2}), Strings{"EvidenceIsSlow spec.plan.shift.steps[0]"});
  EXPECT_EQ(Said(Manifest(), {.requests_per_second = 1000, .legacy_bad = 0.02}),
            Strings{"LegacyViolatesTolerance spec.analysis.metrics[0]"});
  EXPECT_EQ(Said(Manifest(), {.requests_per_second = 1000, .legacy_bad = 0.0099}), Strings{"NeverPasses spec.analysis.metrics[0]"});
  EXPECT_EQ(Said(Manifest(With(OfMetric("/maxRate"), "0"))), Strings{"NeverPasses spec.analysis.metrics[0]"});
}

TEST(Advice, AComponentThatNobodyJudgesCanNeverAdvance) {
  json patch = With("/spec/components", json::parse(R"([{"name": "refunds", "rules": [{"route": "web", "rule": "refunds"}]},
                                                        {"name": "rest", "rules": [{"route": "web", "rule": "rest"}]}])"));
  patch.push_back({{"op", "add"}, {"path", OfMetric("/components")}, {"value", json::array({"refunds"})}});
  EXPECT_EQ(Said(Manifest(patch)), Strings{"NothingJudged spec.components[1]"});
}

TEST(Advice, OneAnswerIsNoGroundForAStep) {
  const json value =
      json::parse(R"({"name": "latency", "max": "0.5", "prometheus": {"address": "https://prometheus:9090", "query": "p99"}})");
  EXPECT_EQ(Said(Manifest(With(kMetric, value))), Strings{}) << "added before the evidence, which also has its say";
  json alone = With(kMetric, value);
  alone[0]["op"] = "replace";
  EXPECT_EQ(Said(Manifest(alone)), Strings{"HoldTooShort spec.plan.shift.steps[2]"});
}

}  // namespace
}  // namespace softmig::lint
