#include "kube/runtime/metrics.hpp"

#include <gtest/gtest.h>

#include "fakes/fake_clock.hpp"

namespace softmig::kube {
namespace {

bool Has(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

TEST(Metrics, ShowsAQueueWithTheNamesThatDashboardsKnow) {
  fakes::FakeClock clock;
  Metrics metrics;
  WorkQueue queue(clock, &metrics.Queue("softmigration"));
  metrics.Attach("softmigration", queue);
  queue.Add({"ns", "a"}, Lane::kOrdinary);
  queue.Add({"ns", "b"}, Lane::kOrdinary);
  queue.AddRateLimited({"ns", "c"}, Lane::kOrdinary);
  ASSERT_TRUE(queue.TryTake(Lane::kOrdinary));
  clock.Advance(base::Millis(2'000));
  const std::string text = metrics.Expose();
  const std::string labels = R"({controller="softmigration",name="softmigration"})";
  EXPECT_TRUE(Has(text, "# TYPE workqueue_adds_total counter")) << text;
  EXPECT_TRUE(Has(text, "# TYPE workqueue_depth gauge"));
  EXPECT_TRUE(Has(text, "# TYPE workqueue_queue_duration_seconds histogram"));
  EXPECT_TRUE(Has(text, "workqueue_adds_total" + labels + " 2"));
  EXPECT_TRUE(Has(text, "workqueue_depth" + labels + " 1"));
  EXPECT_TRUE(Has(text, "workqueue_retries_total" + labels + " 1"));
  EXPECT_TRUE(Has(text, "workqueue_queue_duration_seconds_count" + labels + " 1"));
  EXPECT_TRUE(Has(text, "workqueue_longest_running_processor_seconds" + labels + " 2"));
  EXPECT_TRUE(Has(text, "workqueue_unfinished_work_seconds" + labels + " 2"));
  metrics.Detach("softmigration");
}

TEST(Metrics, CountsReconcilesByResult) {
  Metrics metrics;
  ControllerMetrics& controller = metrics.Controller("softmigration");
  EXPECT_EQ(&controller, &metrics.Controller("softmigration"));
  controller.SetWorkers(3);
  controller.OnStart();
  controller.OnEnd(ReconcileResult::kError, 0.2);
  controller.OnStart();
  const std::string text = metrics.Expose();
  EXPECT_TRUE(Has(text, R"(controller_runtime_reconcile_total{controller="softmigration",result="error"} 1)")) << text;
  EXPECT_TRUE(Has(text, R"(controller_runtime_reconcile_total{controller="softmigration",result="success"} 0)"));
  EXPECT_TRUE(Has(text, R"(controller_runtime_reconcile_errors_total{controller="softmigration"} 1)"));
  EXPECT_TRUE(Has(text, R"(controller_runtime_active_workers{controller="softmigration"} 1)"));
  EXPECT_TRUE(Has(text, R"(controller_runtime_max_concurrent_reconciles{controller="softmigration"} 3)"));
  EXPECT_TRUE(Has(text, R"(controller_runtime_reconcile_time_seconds_count{controller="softmigration"} 1)"));
}

TEST(Metrics, CountsRequestsAndShowsWhoLeads) {
  Metrics metrics;
  const RequestObserver observe = metrics.ClientObserver("10.0.0.1:443");
  observe("GET", "200", 0.01);
  observe("GET", "200", 0.01);
  observe("PUT", "Timeout", 2);
  metrics.SetLeading("softmigration", true);
  const std::string text = metrics.Expose();
  EXPECT_TRUE(Has(text, R"(rest_client_requests_total{code="200",host="10.0.0.1:443",method="GET"} 2)")) << text;
  EXPECT_TRUE(Has(text, R"(rest_client_requests_total{code="Timeout",host="10.0.0.1:443",method="PUT"} 1)"));
  EXPECT_TRUE(Has(text, R"(leader_election_master_status{name="softmigration"} 1)"));
}

}  // namespace
}  // namespace softmig::kube
