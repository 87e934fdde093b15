#include "provider_conformance.hpp"
#include "providers/job/job_provider.hpp"

/// Answers as an API server of Kubernetes 1.33 gives them, without what is not read. tests/cluster/test_job_source.py has the real ones.
namespace softmig::providers::testing {
namespace {

std::string JobText(const std::string& name, const std::string& created, const std::string& conditions) {
  return R"({"metadata":{"name":")" + name + R"(","creationTimestamp":")" + created + R"("},"status":{"conditions":[)" + conditions + "]}}";
}

std::string List(const std::string& items) { return R"({"kind":"JobList","apiVersion":"batch/v1","items":[)" + items + "]}"; }

const std::string kFailed = R"({"type":"Failed","status":"True","reason":"BackoffLimitExceeded","message":"Job has reached the limit"})";

}  // namespace

ProviderCase Job() {
  ProviderCase job;
  job.name = "Job";
  job.make = [] { return std::make_unique<JobProvider>("shop", "softmigration.io/job=0123456789abcdef"); };
  job.number = List(JobText("smoke-1", "2026-11-23T09:00:00Z", kFailed));
  job.value = 1;
  job.nothing = List("");
  job.nan = List(JobText("smoke-1", "2026-11-23T09:00:00Z", ""));
  job.nan_kind = Kind::kNoData;
  job.many = List(JobText("smoke-1", "2026-11-23T09:00:00Z", kFailed) + "," +
                  JobText("smoke-2", "2026-11-23T09:01:00Z", R"({"type":"Complete","status":"True"})"));
  job.many_kind = Kind::kNumber;
  job.error_status = 403;
  job.error = R"({"kind":"Status","status":"Failure","message":"jobs.batch is forbidden: boom","reason":"Forbidden","code":403})";
  return job;
}

}  // namespace softmig::providers::testing
