#pragma once

#include <string>

#include "reconcile/job_plan.hpp"
#include "reconcile/job_sources.hpp"
#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {

inline const Asker kSmokeAsker{{"shop", "payments"}, "uid-1", "refunds", "uid-1/1/abc"};

inline model::MetricSpec SmokeMetric() {
  model::MetricSpec metric;
  metric.name = "smoke";
  metric.address = "CronJob smoke-test";
  metric.source = model::JobSource{"smoke-test", std::chrono::minutes(1), std::chrono::seconds(30)};
  metric.value = model::MetricSpec::Value{"", std::nullopt, 0};
  return metric;
}

inline json CronJobJson(const std::string& run_for = "payments") {
  const json pod{{"metadata", {{"labels", {{"app", "smoke"}}}}}, {"spec", {{"containers", {{{"name", "a"}, {"image", "i"}}}}}}};
  return {{"metadata", {{"name", "smoke-test"}, {"annotations", {{kRunForAnnotation, run_for}}}}},
          {"spec",
           {{"suspend", true},
            {"jobTemplate",
             {{"metadata", {{"labels", {{"team", "a"}}}, {"annotations", {{"note", "b"}}}}},
              {"spec", {{"backoffLimit", 0}, {"suspend", true}, {"template", pod}}}}}}}};
}

/// `end`: "Complete", "Failed", or "" while it runs.
inline json JobJson(const std::string& name, const std::string& end, const std::string& created = "2026-11-23T09:00:00Z") {
  json job{{"metadata", {{"name", name}, {"creationTimestamp", created}}}, {"status", json::object()}};
  if (!end.empty()) job["status"]["conditions"] = {{{"type", end}, {"status", "True"}}};
  return job;
}

}  // namespace softmig::reconcile
