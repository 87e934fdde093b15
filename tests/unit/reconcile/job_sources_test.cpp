#include "reconcile/job_sources.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "unit/reconcile/job_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DroppableToken final : public kube::TokenSource {
 public:
  base::Result<std::string> Token() override { return std::string("t0ken-of-the-operator"); }
  void Drop() override { ++drops; }
  int drops = 0;
};

/// An API server that keeps Jobs and has one CronJob.
struct JobWorld {
  json jobs = json::array();
  json cron_job = CronJobJson();
  std::optional<base::Result<http::Response>> trouble;  ///< the answer to requests for a path that holds `at`
  std::string at;
  std::vector<std::string> asked;
  fakes::FakeClock clock;
  fakes::FakeTransport transport{[this](const http::Request& request) { return Reply(request); }};
  std::shared_ptr<DroppableToken> token = std::make_shared<DroppableToken>();
  kube::RestClient client{{"http://api", "default", nullptr, token}, transport};
  kube::Fence fence{clock};
  providers::PrometheusProvider provider;
  PlainSources others{provider};
  JobSources sources{others, {client, fence, clock}};

  JobWorld() { fence.ExtendUntil(clock.SteadyNow() + std::chrono::hours(9)); }

  std::optional<base::Result<http::Response>> Reply(const http::Request& request) {
    const std::string path = request.url.substr(std::string("http://api").size());
    const std::string what = std::string(http::Name(request.method)) + (path.find("cronjobs") != std::string::npos ? " cronjob" : " jobs");
    asked.push_back(what);
    if (trouble && what == at) return trouble;
    if (what == "GET cronjob") return base::Result<http::Response>(cron_job.is_null() ? Refused(404, "NotFound") : Answer(200, cron_job));
    if (what == "GET jobs") return base::Result<http::Response>(Answer(200, {{"items", jobs}}));
    const json job = json::parse(request.body);
    const std::string name = job["metadata"]["name"];
    for (const json& there : jobs) {
      if (there["metadata"]["name"] == name) return base::Result<http::Response>(Refused(409, "AlreadyExists"));
    }
    jobs.push_back(JobJson(name, ""));
    return base::Result<http::Response>(Answer(201, job));
  }
  /// What was asked of the API server, or how it ended.
  std::string Open(const model::MetricSpec& metric = SmokeMetric()) {
    asked.clear();
    std::string got = "no answer";
    sources.Open(kSmokeAsker, metric, [&](base::Result<MetricAccess> access) {
      last = access ? std::optional(*access) : std::nullopt;
      got = access ? "" : access.error().message;
    });
    for (const std::string& one : asked) got += (got.empty() ? "" : ", ") + one;
    return got;
  }
  void EndAll(const std::string& how) {
    for (json& job : jobs) job["status"]["conditions"] = {{{"type", how}, {"status", "True"}}};
  }
  void Fail(const std::string& where, base::Result<http::Response> answer) {
    at = where;
    trouble = std::move(answer);
  }
  std::optional<MetricAccess> last;
};

TEST(JobSources, MakeOneJobATurnAndRememberIt) {
  JobWorld world;
  EXPECT_EQ(world.Open(), "GET jobs, GET cronjob, POST jobs");
  EXPECT_EQ(world.jobs.size(), 1U);
  EXPECT_EQ(world.Open(), "");
  world.EndAll("Complete");
  world.clock.Advance(std::chrono::minutes(1));
  EXPECT_EQ(world.Open(), "GET jobs, GET cronjob, POST jobs");
  EXPECT_EQ(world.jobs.size(), 2U);
}

TEST(JobSources, ALongJobIsWaitedFor) {
  JobWorld world;
  world.Open();
  for (int turns = 0; turns < 3; ++turns) {
    world.clock.Advance(std::chrono::minutes(1));
    EXPECT_EQ(world.Open(), "GET jobs");
  }
  world.EndAll("Failed");
  EXPECT_EQ(world.Open(), "GET jobs, GET cronjob, POST jobs");
  EXPECT_EQ(world.jobs.size(), 2U);
}

TEST(JobSources, ARestartMakesNoSecondJobInATurn) {
  JobWorld world;
  world.Open();
  JobSources again{world.others, {world.client, world.fence, world.clock}};
  bool opened = false;
  again.Open(kSmokeAsker, SmokeMetric(), [&](const base::Result<MetricAccess>& access) { opened = access.has_value(); });
  EXPECT_TRUE(opened);
  world.EndAll("Complete");
  JobSources third{world.others, {world.client, world.fence, world.clock}};
  third.Open(kSmokeAsker, SmokeMetric(), [&](const base::Result<MetricAccess>&) {});
  EXPECT_EQ(world.jobs.size(), 1U);
}

TEST(JobSources, AnAnswerThatWasLostIsNoSecondJob) {
  JobWorld world;
  world.Fail("POST jobs", base::Fail(base::ErrorCode::kTimeout, "no answer"));
  EXPECT_THAT(world.Open(), HasSubstr("cannot create Jobs"));
  world.Fail("POST jobs", Refused(409, "AlreadyExists"));
  EXPECT_EQ(world.Open(), "GET jobs, GET cronjob, POST jobs");
  EXPECT_TRUE(world.last);
}

TEST(JobSources, GiveTheOperatorsOwnWayToTheApiServer) {
  JobWorld world;
  world.Open();
  ASSERT_TRUE(world.last);
  auto request = world.last->provider->Request({world.last->address, "", {}});
  ASSERT_TRUE(request);
  ASSERT_TRUE(world.last->authentication.AddTo(*request));
  EXPECT_THAT(request->url, HasSubstr("http://api/apis/batch/v1/namespaces/shop/jobs?labelSelector=softmigration.io%2Fjob%3D"));
  EXPECT_EQ(http::Find(request->headers, "authorization"), "Bearer t0ken-of-the-operator");
  http::Response echo{500, {}, "you said Bearer t0ken-of-the-operator"};
  world.last->authentication.HideIn(echo);
  EXPECT_EQ(echo.body.find("t0ken"), std::string::npos);
  world.sources.Refused(kSmokeAsker, SmokeMetric());
  EXPECT_EQ(world.token->drops, 1);
}

TEST(JobSources, SayInOneSentenceWhatIsMissing) {
  JobWorld world;
  world.cron_job = CronJobJson("");
  EXPECT_THAT(world.Open(), HasSubstr("CronJob \"smoke-test\" may not be run for SoftMigration payments"));
  world.cron_job = nullptr;
  EXPECT_THAT(world.Open(), HasSubstr("there is no CronJob \"smoke-test\" in namespace shop"));
  for (const auto& [where, what] : {std::pair("GET jobs", "list Jobs"), {"GET cronjob", "read CronJob \"smoke-test\""}}) {
    world.Fail(where, Refused(403, "Forbidden"));
    EXPECT_THAT(world.Open(), HasSubstr(std::string("the operator may not ") + what + ": grant it"));
    world.Fail(where, Refused(503, "Unavailable"));
    EXPECT_THAT(world.Open(), HasSubstr(std::string("cannot ") + what));
  }
  world.trouble.reset();
  world.cron_job = CronJobJson();
  world.Fail("POST jobs", Refused(403, "Forbidden"));
  EXPECT_THAT(world.Open(), HasSubstr("the operator may not create Jobs: grant it"));
  EXPECT_TRUE(world.jobs.empty());
}

TEST(JobSources, WhoDoesNotLeadMakesNone) {
  JobWorld world;
  world.fence.Close();
  EXPECT_THAT(world.Open(), HasSubstr("cannot create Jobs"));
  EXPECT_TRUE(world.jobs.empty());
}

TEST(JobSources, PassOtherMetricsOn) {
  JobWorld world;
  model::MetricSpec other;
  other.address = "http://prom:9090";
  EXPECT_EQ(world.Open(other), "");
  ASSERT_TRUE(world.last);
  EXPECT_EQ(world.last->provider.get(), &world.provider);
}

TEST(JobSources, ThePollerJudgesByTheJobsEnd) {
  JobWorld world;
  fakes::FakeTransport metrics{[&](const http::Request& request) { return world.Reply(request); }};
  MetricPoller poller(metrics, world.sources, world.clock, [](const kube::ObjectKey&, bool) {});
  auto spec = std::make_shared<model::Spec>();
  spec->interval = std::chrono::seconds(5);
  spec->metrics = {SmokeMetric()};
  poller.Want(kSmokeAsker.migration, {spec, {"refunds"}, kSmokeAsker.epoch, kSmokeAsker.uid}, {});
  const auto seen = [&] {
    world.clock.Advance(std::chrono::seconds(5));
    poller.AskDue();
    return *poller.Get(kSmokeAsker.migration).at({"refunds", "smoke"}).latest;
  };
  EXPECT_EQ(seen().verdict, model::Verdict::kNoData);
  EXPECT_THAT(seen().evidence, HasSubstr("has not ended yet"));
  world.EndAll("Complete");
  EXPECT_EQ(seen().verdict, model::Verdict::kPass);
  EXPECT_THAT(seen().evidence, HasSubstr("completed"));
  EXPECT_EQ(seen().window_start, base::WallTime(std::chrono::seconds(1'795'424'400))) << "a step counts Jobs from after it was reached";
  world.EndAll("Failed");
  EXPECT_EQ(seen().verdict, model::Verdict::kBreach);
  poller.Stop();
}

}  // namespace
}  // namespace softmig::reconcile
