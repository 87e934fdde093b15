#include "providers/job/job_provider.hpp"

#include <nlohmann/json.hpp>
#include <tuple>

#include "base/time_format.hpp"
#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

enum class End { kNone, kCompleted, kFailed, kOverdue };

/// What is known of one Job.
struct Job {
  std::string name;
  std::string created;  // RFC 3339 of one length: compares as time does
  End end = End::kNone;
  std::string why;
};

bool IsTrue(const json& condition, std::string_view type) {
  return TextMember(condition, "type") == type && TextMember(condition, "status") == "True";
}

Job ReadJob(const json& item) {
  Job job;
  if (const json* metadata = Member(item, "metadata")) {
    job.name = TextMember(*metadata, "name");
    job.created = TextMember(*metadata, "creationTimestamp");
  }
  const json* status = Member(item, "status");
  const json* conditions = status == nullptr ? nullptr : Member(*status, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return job;
  for (const json& condition : *conditions) {
    if (IsTrue(condition, "Complete")) job.end = End::kCompleted;
    if (!IsTrue(condition, "Failed")) continue;
    const std::string reason = TextMember(condition, "reason");
    job.end = reason == "DeadlineExceeded" ? End::kOverdue : End::kFailed;
    job.why = reason + ", " + TextMember(condition, "message");
  }
  return job;
}

bool IsNewer(const Job& a, const Job& b) { return std::tie(a.created, a.name) > std::tie(b.created, b.name); }

/// One line, bounded, as an error's words are.
std::string Line(const std::string& words) { return Fault(words).message; }

Reading ReadingOf(const Job& job) {
  if (job.end == End::kOverdue) return Fault("Job " + job.name + " did not end within its deadline");
  const auto created = base::ParseRfc3339(job.created);
  if (!created) return Fault("the answer does not say when Job " + job.name + " was created");
  Reading reading;
  reading.kind = Reading::Kind::kNumber;
  reading.number = job.end == End::kCompleted ? 0 : 1;
  reading.note = Line("Job " + job.name + (job.end == End::kCompleted ? " completed" : " failed: " + job.why));
  reading.since = *created;
  return reading;
}

}  // namespace

base::Result<http::Request> JobProvider::Request(const Query& query) const {
  const auto base_url = BaseUrl(query.address);
  if (!base_url) return base::Fail(base::ErrorCode::kInvalid, "the address is no http(s)://host:port[/prefix]: " + AsciiOf(query.address));
  http::Request request;
  request.url = *base_url + "/apis/batch/v1/namespaces/" + http::UrlEncode(ns_) + "/jobs?labelSelector=" + http::UrlEncode(selector_);
  request.headers = {{"Accept", "application/json"}};
  return request;
}

Reading JobProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  const json* items = Member(*answer, "items");
  if (items == nullptr || !items->is_array()) return Fault("the answer is no list of Jobs");
  Job newest, running;
  for (const json& item : *items) {
    Job job = ReadJob(item);
    Job& best = job.end == End::kNone ? running : newest;
    if (best.name.empty() || IsNewer(job, best)) best = std::move(job);
  }
  if (newest.end != End::kNone) return ReadingOf(newest);
  Reading none;
  if (!running.name.empty()) none.note = Line("Job " + running.name + " has not ended yet");
  return none;
}

}  // namespace softmig::providers
