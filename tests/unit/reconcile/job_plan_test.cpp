#include "reconcile/job_plan.hpp"

#include <gmock/gmock.h>

#include "model/text_rules.hpp"
#include "unit/reconcile/job_world.hpp"

namespace softmig::reconcile {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const base::WallTime kNow{std::chrono::hours(490'000)};

JobTurn Turn(base::WallTime now = kNow, const Asker& asker = kSmokeAsker) { return TurnAt(asker, SmokeMetric(), now); }

TEST(JobPlan, ATurnLastsAnIntervalAndHasOneName) {
  const JobTurn turn = Turn();
  EXPECT_GT(turn.ends_at, kNow);
  EXPECT_LE(turn.ends_at, kNow + minutes(1));
  EXPECT_EQ(Turn(turn.ends_at - base::Millis(1)).name, turn.name);
  EXPECT_EQ(Turn(turn.ends_at - minutes(1)).name, turn.name);
  EXPECT_NE(Turn(turn.ends_at).name, turn.name);
  EXPECT_EQ(Turn(turn.ends_at).owner, turn.owner);
}

TEST(JobPlan, WhatTheEvidenceIsAboutAndTheComponentHaveJobsOfTheirOwn) {
  Asker again = kSmokeAsker;
  again.epoch = "uid-1/2/abc";
  EXPECT_NE(Turn(kNow, again).owner, Turn().owner);
  Asker other = kSmokeAsker;
  other.component = "checkout";
  EXPECT_NE(Turn(kNow, other).owner, Turn().owner);
}

TEST(JobPlan, NamesLeaveRoomForThoseOfPods) {
  model::MetricSpec metric = SmokeMetric();
  metric.name = "a-very-long-name-that-ha-ends-somewhere-beyond-what-fits-into-it";
  const std::string name = TurnAt(kSmokeAsker, metric, kNow).name;
  EXPECT_LE(name.size(), 57U) << name;
  EXPECT_TRUE(model::IsDnsLabel(name)) << name;
  EXPECT_EQ(name.find("--"), std::string::npos) << name;
}

TEST(JobPlan, OneJobAtATimeAndOneATurn) {
  const JobTurn turn = Turn();
  const auto step = [&](const json& jobs) { return NextStep(json{{"items", jobs}}, turn); };
  EXPECT_EQ(step(json::array()), JobStep::kMake);
  EXPECT_EQ(step({JobJson("smoke-0", "Complete"), JobJson("smoke-1", "Failed")}), JobStep::kMake);
  EXPECT_EQ(step(json::array({JobJson("smoke-0", "")})), JobStep::kWait);
  EXPECT_EQ(step(json::array({JobJson(turn.name, "")})), JobStep::kWait);
  EXPECT_EQ(step(json::array({JobJson(turn.name, "Complete")})), JobStep::kDone);
  EXPECT_EQ(step({JobJson(turn.name, "Failed"), JobJson("smoke-0", "")}), JobStep::kWait);
}

TEST(JobPlan, AJobIsTheTemplateWithAnOwnerAndAnEnd) {
  const JobTurn turn = Turn();
  const auto job = JobOf(CronJobJson(), turn);
  ASSERT_TRUE(job) << job.error().message;
  const json& metadata = job->at("metadata");
  EXPECT_EQ(metadata.at("name"), turn.name);
  EXPECT_EQ(metadata.at("namespace"), "shop");
  EXPECT_EQ(metadata.at("labels"), (json{{"team", "a"}, {kJobLabel, turn.owner}}));
  EXPECT_EQ(metadata.at("annotations").at("note"), "b");
  EXPECT_EQ(
      metadata.at("ownerReferences"),
      json::array({{{"apiVersion", "softmigration.io/v1alpha1"}, {"kind", "SoftMigration"}, {"name", "payments"}, {"uid", "uid-1"}}}));
  const json& spec = job->at("spec");
  EXPECT_EQ(spec.at("activeDeadlineSeconds"), 30);
  EXPECT_EQ(spec.at("ttlSecondsAfterFinished"), 180);
  EXPECT_EQ(spec.at("backoffLimit"), 0);
  EXPECT_FALSE(spec.contains("suspend"));
  EXPECT_EQ(spec.at("template").at("metadata").at("labels"), (json{{"app", "smoke"}}));
  EXPECT_EQ(
      spec.at("template").at("metadata").at("annotations"),
      (json{{"softmigration.io/migration", "payments"}, {"softmigration.io/component", "refunds"}, {"softmigration.io/metric", "smoke"}}));
}

TEST(JobPlan, AShorterDeadlineOfTheTemplateStays) {
  json cron_job = CronJobJson();
  json& spec = cron_job["spec"]["jobTemplate"]["spec"];
  spec["activeDeadlineSeconds"] = 5;
  EXPECT_EQ(JobOf(cron_job, Turn())->at("spec").at("activeDeadlineSeconds"), 5);
  spec["activeDeadlineSeconds"] = 500;
  EXPECT_EQ(JobOf(cron_job, Turn())->at("spec").at("activeDeadlineSeconds"), 30);
}

TEST(JobPlan, OnlyACronJobThatNamesTheMigrationIsRun) {
  for (const char* names : {"payments", "*", "other, payments", "other\tpayments,third"})
    EXPECT_TRUE(JobOf(CronJobJson(names), Turn())) << names;
  for (const char* names : {"", "other", "payment", "payments-2", "shop/payments", " , "}) {
    const auto refused = JobOf(CronJobJson(names), Turn());
    ASSERT_FALSE(refused) << names;
    EXPECT_THAT(refused.error().message, HasSubstr("may not be run for SoftMigration payments"));
  }
  json bare = CronJobJson();
  bare["metadata"].erase("annotations");
  EXPECT_FALSE(JobOf(bare, Turn()));
}

TEST(JobPlan, ACronJobThatRunsByItselfIsRefused) {
  json cron_job = CronJobJson();
  cron_job["spec"]["suspend"] = false;
  EXPECT_THAT(JobOf(cron_job, Turn()).error().message, HasSubstr("is not suspended"));
  cron_job["spec"].erase("suspend");
  EXPECT_FALSE(JobOf(cron_job, Turn()));
}

TEST(JobPlan, AnyTemplateGivesAnObjectForTheApiServerToJudge) {
  for (const json& shape : {json(nullptr), json::array(), json("x"), json{{"spec", 5}}, json{{"metadata", {{"labels", 3}}}}}) {
    json cron_job = CronJobJson();
    cron_job["spec"]["jobTemplate"] = shape;
    const auto job = JobOf(cron_job, Turn());
    ASSERT_TRUE(job) << shape;
    EXPECT_EQ(job->at("metadata").at("labels").at(kJobLabel), Turn().owner);
    EXPECT_EQ(job->at("spec").at("activeDeadlineSeconds"), 30);
  }
}

}  // namespace
}  // namespace softmig::reconcile
