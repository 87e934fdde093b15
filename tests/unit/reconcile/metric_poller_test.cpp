#include <gmock/gmock.h>

#include <condition_variable>

#include "unit/reconcile/world.hpp"

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
  fakes::FakeTransport transport_;
  MetricPoller poller_{transport_, provider_, clock_, [this](const kube::ObjectKey&, bool breach) {
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
  MetricPoller* poller_there = nullptr;
  const auto spec = ProjectMigration(MigrationJson()).spec;
  fakes::FakeTransport transport([&](const http::Request&) {
    poller_there->Want(kKey, {spec, {"all"}, "1"}, {});  // while the question is under way
    return base::Result<http::Response>(base::Fail(base::ErrorCode::kUnavailable, "GET prom:9090: connection refused"));
  });
  int woken = 0;
  MetricPoller poller(transport, provider, clock, [&](const kube::ObjectKey&, bool) { ++woken; });
  poller_there = &poller;
  poller.Want(kKey, {spec, {"all", "other"}, "1"}, {});
  poller.AskDue();
  EXPECT_TRUE(poller.Get(kKey).at({"all", "latency"}).latest.has_value());
  EXPECT_EQ(woken, 1);
}

TEST(MetricPoller, SaysWhyThereIsNoNumber) {
  base::SystemClock clock;
  providers::PrometheusProvider provider;
  fakes::FakeTransport transport([](const http::Request&) {
    return base::Result<http::Response>(base::Fail(base::ErrorCode::kUnavailable, "GET prom:9090: connection refused"));
  });
  MetricPoller poller(transport, provider, clock, [](const kube::ObjectKey&, bool) {});
  poller.Want(kKey, {ProjectMigration(MigrationJson()).spec, {"all"}, "1"}, {});
  const auto next = poller.AskDue();
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, clock.SteadyNow());
  const auto seen = poller.Get(kKey).at({"all", "latency"}).latest;
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->verdict, model::Verdict::kError);
  EXPECT_THAT(seen->evidence, ::testing::HasSubstr("connection refused"));
}

}  // namespace
}  // namespace softmig::reconcile
