#include <gmock/gmock.h>

#include <condition_variable>

#include "unit/reconcile/secret_world.hpp"

namespace softmig::reconcile {
namespace {

const kube::ObjectKey kKey{"shop", "payments"};

http::Response Vector(const std::string& value) {
  return Answer(200, {{"status", "success"},
                      {"data", {{"resultType", "vector"}, {"result", {{{"metric", json::object()}, {"value", {0, value}}}}}}}});
}

/// A poller on the machine's clock, with an answer the test sets.
class Asked {
 public:
  Asked() : transport_([this](const http::Request&) { return Reply(); }) { poller_.Start(); }

  void SetValue(const std::string& value) {
    const std::scoped_lock lock(mutex_);
    value_ = value;
  }
  void Want(const std::string& epoch, const json& migration = MigrationJson()) {
    poller_.Want(kKey, {ProjectMigration(migration).spec, {"all"}, epoch}, ProjectMigration(migration).status);
  }
  /// The verdict on another value of the metric, and the end of that poll.
  std::optional<model::Verdict> AfterAnother(const std::string& value, const json& migration) {
    SetValue(value);
    Want("1", migration);
    const auto verdict = After(1);
    poller_.Stop();
    return verdict;
  }
  /// The verdict once `count` more judgements arrived.
  std::optional<model::Verdict> After(int count) {
    std::unique_lock lock(mutex_);
    const int until = judged_ + count;
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return judged_ >= until; })) return std::nullopt;
    lock.unlock();
    const auto results = poller_.Get(kKey);
    const auto it = results.find({"all", "latency"});
    return it == results.end() || !it->second.latest ? std::nullopt : std::optional(it->second.latest->verdict);
  }
  MetricPoller& poller() { return poller_; }
  std::vector<bool> breaches() {
    const std::scoped_lock lock(mutex_);
    return breaches_;
  }

 private:
  std::optional<base::Result<http::Response>> Reply() {
    const std::scoped_lock lock(mutex_);
    return base::Result<http::Response>(Vector(value_));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string value_ = "0.1";
  int judged_ = 0;
  std::vector<bool> breaches_;
  base::SystemClock clock_;
  providers::PrometheusProvider provider_;
  PlainSources sources_{provider_};
  fakes::FakeTransport transport_;
  MetricPoller poller_{transport_, sources_, clock_, [this](const kube::ObjectKey&, bool breach) {
                         const std::scoped_lock lock(mutex_);
                         ++judged_;
                         breaches_.push_back(breach);
                         changed_.notify_all();
                       }};
};

TEST(MetricPoller, AsksAtOnceAndThenAgain) {
  Asked asked;
  asked.Want("1");
  EXPECT_EQ(asked.After(1), model::Verdict::kPass);
  asked.SetValue("0.9");
  EXPECT_EQ(asked.After(2), model::Verdict::kBreach);
  EXPECT_TRUE(asked.breaches().back());
}

TEST(MetricPoller, AStatusWriteDoesNotStartItAnew) {
  Asked asked;
  asked.Want("1");
  ASSERT_EQ(asked.After(1), model::Verdict::kPass);
  json later = MigrationJson();
  later["metadata"]["resourceVersion"] = "11";
  asked.Want("1", later);
  const auto results = asked.poller().Get(kKey);
  EXPECT_TRUE(results.at({"all", "latency"}).latest.has_value());
}

TEST(MetricPoller, AnotherEpochStartsWithoutEvidence) {
  Asked asked;
  asked.Want("1");
  ASSERT_EQ(asked.After(1), model::Verdict::kPass);
  asked.poller().Stop();
  asked.Want("2");
  EXPECT_FALSE(asked.poller().Get(kKey).at({"all", "latency"}).latest.has_value());
}

json AtWeight(int weight) {
  json migration = MigrationJson();
  migration["status"]["components"] = {{{"name", "all"}, {"phase", "Shift"}, {"step", weight > 0 ? 0 : -1}, {"weight", weight}}};
  return migration;
}

TEST(MetricPoller, TheFirstUsersAreNotBlamedForWhoCameBeforeThem) {
  Asked asked;
  ASSERT_EQ(asked.AfterAnother("0.9", AtWeight(0)), model::Verdict::kBreach);
  const auto decisive = [&] { return asked.poller().Get(kKey).at({"all", "latency"}).decisive; };
  asked.Want("1", AtWeight(0));
  EXPECT_TRUE(decisive());
  asked.Want("1", AtWeight(10));
  EXPECT_FALSE(decisive());
}

TEST(MetricPoller, ABreachOfUsersIsKeptForThoseOfTheNextStep) {
  Asked asked;
  ASSERT_EQ(asked.AfterAnother("0.9", AtWeight(10)), model::Verdict::kBreach);
  asked.Want("1", AtWeight(100));
  EXPECT_TRUE(asked.poller().Get(kKey).at({"all", "latency"}).decisive);
}

TEST(MetricPoller, ForgetsWhatNobodyWants) {
  Asked asked;
  asked.Want("1");
  ASSERT_TRUE(asked.After(1).has_value());
  asked.poller().Forget(kKey);
  EXPECT_TRUE(asked.poller().Get(kKey).empty());
}

TEST(MetricPoller, AnAnswerUnderWayStillCountsWhenAnotherComponentIsDone) {
  base::SystemClock clock;
  providers::PrometheusProvider provider;
  PlainSources sources(provider);
  MetricPoller* poller_there = nullptr;
  const auto spec = ProjectMigration(MigrationJson()).spec;
  fakes::FakeTransport transport([&](const http::Request&) {
    poller_there->Want(kKey, {spec, {"all"}, "1"}, {});  // while the question is under way
    return base::Result<http::Response>(base::Fail(base::ErrorCode::kUnavailable, "GET prom:9090: connection refused"));
  });
  int woken = 0;
  MetricPoller poller(transport, sources, clock, [&](const kube::ObjectKey&, bool) { ++woken; });
  poller_there = &poller;
  poller.Want(kKey, {spec, {"all", "other"}, "1"}, {});
  poller.AskDue();
  EXPECT_TRUE(poller.Get(kKey).at({"all", "latency"}).latest.has_value());
  EXPECT_EQ(woken, 1);
}

TEST(MetricPoller, SaysWhyThereIsNoNumber) {
  base::SystemClock clock;
  providers::PrometheusProvider provider;
  PlainSources sources(provider);
  fakes::FakeTransport transport([](const http::Request&) {
    return base::Result<http::Response>(base::Fail(base::ErrorCode::kUnavailable, "GET prom:9090: connection refused"));
  });
  MetricPoller poller(transport, sources, clock, [](const kube::ObjectKey&, bool) {});
  poller.Want(kKey, {ProjectMigration(MigrationJson()).spec, {"all"}, "1"}, {});
  const auto next = poller.AskDue();
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, clock.SteadyNow());
  const auto seen = poller.Get(kKey).at({"all", "latency"}).latest;
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->verdict, model::Verdict::kError);
  EXPECT_THAT(seen->evidence, ::testing::HasSubstr("connection refused"));
  EXPECT_EQ(poller.answers(), (std::map<model::Verdict, std::uint64_t>{{model::Verdict::kError, 1}}));
}

json WithMetrics(const std::vector<json>& metrics) {
  json migration = MigrationJson();
  migration["spec"]["analysis"]["metrics"] = metrics;
  return migration;
}

json ValueMetric(const std::string& name, const json& more) {
  json metric{{"name", name}, {"prometheus", {{"address", "https://prom:9090"}, {"query", "q"}}}, {"max", "0.5"}};
  metric["prometheus"].update(more);
  return metric;
}

const json kToken{{"bearerToken", {{"name", "prom"}, {"key", "token"}}}};

/// A poller with Secrets.
struct Guarded : SecretWorld {
  std::function<http::Response(const http::Request&)> reply = [](const http::Request&) { return Vector("0.1"); };
  fakes::FakeTransport metrics{[this](const http::Request& request) { return base::Result<http::Response>(reply(request)); }};
  SecretSources sources{reader, clock};
  MetricPoller poller{metrics, sources, clock, [](const kube::ObjectKey&, bool) {}};

  void Want(const std::vector<json>& wanted) {
    const auto migration = ProjectMigration(WithMetrics(wanted));
    ASSERT_TRUE(migration.spec) << migration.errors.at(0).path << " " << migration.errors.at(0).message;
    poller.Want(kKey, {migration.spec, {"all"}, "1"}, migration.status);
    poller.AskDue();
  }
  void Again() {
    clock.Advance(base::Millis(5'000));
    poller.AskDue();
  }
  analysis::Judgement Seen(const std::string& metric = "latency") {
    return poller.Get(kKey).at({"all", metric}).latest.value_or(analysis::Judgement());
  }
};

TEST(MetricPoller, SendsWhatTheSecretHolds) {
  Guarded world;
  world.Has(SecretJson("prom", {{"token", "s3cr3t-token"}}));
  world.Want({ValueMetric("latency", kToken)});
  EXPECT_EQ(world.Seen().verdict, model::Verdict::kPass) << world.Seen().evidence;
  ASSERT_EQ(world.metrics.requests().size(), 1U);
  EXPECT_EQ(http::Find(world.metrics.requests()[0].headers, "Authorization"), "Bearer s3cr3t-token");
}

TEST(MetricPoller, AMissingSecretIsMissingEvidenceOfItsMetricAndOfNoOther) {
  Guarded world;
  const json counts{
      {"name", "errors"}, {"prometheus", {{"address", "https://prom:9090"}, {"bad", "b"}, {"total", "t"}}}, {"maxRate", "0.01"}};
  json counts_with_token = counts;
  counts_with_token["prometheus"].update(kToken);
  world.reply = [](const http::Request&) { return Vector("0.9"); };
  world.Want({ValueMetric("latency", kToken), counts_with_token, ValueMetric("other", json::object())});
  for (const char* metric : {"latency", "errors"}) {
    EXPECT_EQ(world.Seen(metric).verdict, model::Verdict::kError);
    EXPECT_EQ(world.Seen(metric).evidence, "https://prom:9090: there is no Secret \"prom\" in namespace shop");
  }
  EXPECT_EQ(world.Seen("other").verdict, model::Verdict::kBreach);
  world.Has(SecretJson("prom", {{"token", "s3cr3t-token"}}));
  world.Again();
  EXPECT_EQ(world.Seen("latency").verdict, model::Verdict::kBreach);
}

TEST(MetricPoller, SendsNothingToAnAddressTheSecretDoesNotName) {
  Guarded world;
  world.Has(SecretJson("prom", {{"token", "s3cr3t-token"}}, "https://other:9090"));
  world.Want({ValueMetric("latency", kToken)});
  EXPECT_EQ(world.Seen().verdict, model::Verdict::kError);
  EXPECT_THAT(world.Seen().evidence, ::testing::HasSubstr("may not be sent to https://prom:9090"));
  EXPECT_TRUE(world.metrics.requests().empty());
}

TEST(MetricPoller, ReadsARefusedSecretAgainAndShowsItToNobody) {
  Guarded world;
  world.Has(SecretJson("prom", {{"token", "s3cr3t-token"}}));
  world.reply = [](const http::Request& request) {
    const std::string token(*http::Find(request.headers, "Authorization"));
    return token == "Bearer rotated" ? Vector("0.1") : http::Response{401, {}, R"({"error":"who is )" + token + R"( ?"})"};
  };
  world.Want({ValueMetric("latency", kToken)});
  EXPECT_EQ(world.Seen().verdict, model::Verdict::kError);
  EXPECT_EQ(world.Seen().evidence, "https://prom:9090: who is ******************* ?");
  world.Has(SecretJson("prom", {{"token", "rotated"}}, "https://prom:9090", "2"));
  world.Again();
  world.Again();
  EXPECT_EQ(world.Seen().verdict, model::Verdict::kPass) << world.Seen().evidence;
}

/// Gives access only when it is told to.
class SlowSources final : public MetricSources {
 public:
  void Open(const Asker& /*asker*/, const model::MetricSpec& /*metric*/, Done done) override { waiting_.push_back(std::move(done)); }
  void Refused(const Asker& /*asker*/, const model::MetricSpec& /*metric*/) override {}
  void Give(const providers::MetricProvider& provider) {
    for (const Done& done : std::exchange(waiting_, {})) {
      done(MetricAccess{{std::shared_ptr<const providers::MetricProvider>(), &provider}, {}, {}});
    }
  }

 private:
  std::vector<Done> waiting_;
};

TEST(MetricPoller, AsksNothingWhenItsSecretsComeAfterTheEnd) {
  for (const bool stop : {false, true}) {
    fakes::FakeClock clock;
    providers::PrometheusProvider provider;
    SlowSources sources;
    fakes::FakeTransport transport([](const http::Request&) { return base::Result<http::Response>(Vector("0.1")); });
    MetricPoller poller(transport, sources, clock, [](const kube::ObjectKey&, bool) {});
    poller.Want(kKey, {ProjectMigration(MigrationJson()).spec, {"all"}, "1"}, {});
    poller.AskDue();
    if (stop) poller.Stop();
    sources.Give(provider);
    EXPECT_EQ(transport.requests().size(), stop ? 0U : 1U);
    EXPECT_EQ(poller.queries(), stop ? 0U : 1U);
  }
}

}  // namespace
}  // namespace softmig::reconcile
