#include "providers/job/job_provider.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

/// What the conformance suite does not say.
namespace softmig::providers {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Kind = model::Reading::Kind;

json Condition(const std::string& type, const std::string& reason = "", const std::string& status = "True") {
  return {{"type", type}, {"status", status}, {"reason", reason}, {"message", "words"}};
}

json JobAt(const std::string& minute, const json& conditions) {
  return {{"metadata", {{"name", "smoke-" + minute}, {"creationTimestamp", "2026-11-23T09:" + minute + ":00Z"}}},
          {"status", {{"conditions", conditions}}}};
}

model::Reading Parse(const json& jobs) {
  return JobProvider("shop", "a=b").Parse({200, {}, json{{"kind", "JobList"}, {"items", jobs}}.dump()});
}

TEST(JobProvider, AsksForTheJobsOfItsLabelInItsNamespace) {
  const auto request = JobProvider("shop", "a.io/b=c").Request({"https://api:6443", "", {}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "https://api:6443/apis/batch/v1/namespaces/shop/jobs?labelSelector=a.io%2Fb%3Dc");
}

TEST(JobProvider, TheNewestThatHasEndedSpeaks) {
  const json good = Condition("Complete");
  const json bad = Condition("Failed", "BackoffLimitExceeded");
  EXPECT_EQ(Parse({JobAt("01", json::array({bad})), JobAt("02", json::array({good}))}).number, 0);
  EXPECT_EQ(Parse({JobAt("02", json::array({good})), JobAt("01", json::array({bad}))}).number, 0);
  const model::Reading failed = Parse({JobAt("01", json::array({good})), JobAt("02", json::array({bad})), JobAt("03", json::array())});
  EXPECT_EQ(failed.number, 1);
  EXPECT_EQ(failed.note, "Job smoke-02 failed: BackoffLimitExceeded, words");
  EXPECT_EQ(failed.since, base::WallTime(std::chrono::seconds(1'795'424'520)));
  EXPECT_EQ(Parse(json::array({JobAt("01", json::array({good}))})).note, "Job smoke-01 completed");
}

TEST(JobProvider, WhatHasNotEndedSaysNothing) {
  for (const json& conditions : {json::array(), json::array({Condition("Suspended")}), json::array({Condition("FailureTarget", "x")}),
                                 json::array({Condition("Failed", "x", "False")}), json(nullptr)}) {
    const model::Reading none = Parse(json::array({JobAt("01", conditions)}));
    EXPECT_EQ(none.kind, Kind::kNoData) << conditions;
    EXPECT_EQ(none.note, "Job smoke-01 has not ended yet");
  }
  EXPECT_EQ(Parse(json::array()), model::Reading{});
}

TEST(JobProvider, OneThatRanOutOfTimeIsNoEvidence) {
  const model::Reading late =
      Parse({JobAt("01", json::array({Condition("Complete")})), JobAt("02", json::array({Condition("Failed", "DeadlineExceeded")}))});
  EXPECT_EQ(late.kind, Kind::kError);
  EXPECT_EQ(late.message, "Job smoke-02 did not end within its deadline");
}

TEST(JobProvider, OtherAnswersAreErrors) {
  for (const char* body : {"{}", "[]", R"({"items":{}})", R"({"kind":"Status","message":"boom"})"}) {
    EXPECT_EQ(JobProvider("shop", "a=b").Parse({200, {}, body}).kind, Kind::kError) << body;
  }
  json nameless = JobAt("01", json::array({Condition("Complete")}));
  nameless["metadata"] = json::object();
  EXPECT_THAT(Parse(json::array({nameless})).message, HasSubstr("when Job"));
}

}  // namespace
}  // namespace softmig::providers
