#include "reconcile/job_sources.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/mutex.hpp"
#include "kube/core/known_types.hpp"
#include "providers/job/job_provider.hpp"
#include "reconcile/job_plan.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr base::Millis kDeadline{5'000};

std::string SelectorOf(const JobTurn& turn) { return std::string(kJobLabel) + "=" + turn.owner; }

/// `what` was tried.
base::Error Sentence(const JobTurn& turn, const std::string& what, base::Error error) {
  const std::string& ns = turn.asker.migration.ns;
  if (error.code == ErrorCode::kForbidden) {
    error.message =
        fmt::format("the operator may not {}: grant it \"list\" and \"create\" on jobs and \"get\" on cronjobs in namespace {}", what, ns);
  } else {
    error.message = fmt::format("cannot {}: {}", what, error.message);
  }
  return error;
}

}  // namespace

class JobSources::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(const Parts& parts) : parts_(parts) {}

  void Open(const JobTurn& turn, const Done& done) {
    if (HasHadItsJob(turn)) return done(AccessTo(turn));
    const std::string query = "labelSelector=" + http::UrlEncode(SelectorOf(turn));
    parts_.client.ListLater(kube::kJobs, turn.asker.migration.ns, query, kDeadline,
                            [weak = weak_from_this(), turn, done](const base::Result<json>& jobs) {
                              if (const auto self = weak.lock()) self->Listed(turn, done, jobs);
                            });
  }

  [[nodiscard]] base::WallTime Now() const { return parts_.clock.WallNow(); }
  void DropToken() { parts_.client.config().token->Drop(); }

 private:
  void Listed(const JobTurn& turn, const Done& done, const base::Result<json>& jobs) {
    if (!jobs) return done(base::Fail(Sentence(turn, "list Jobs", jobs.error())));
    const JobStep step = NextStep(*jobs, turn);
    if (step == JobStep::kWait) return done(AccessTo(turn));
    if (step == JobStep::kDone) return Made(turn, done);
    parts_.client.GetLater(kube::kCronJobs, {turn.asker.migration.ns, turn.source.cron_job}, kDeadline,
                           [weak = weak_from_this(), turn, done](const base::Result<json>& cron_job) {
                             if (const auto self = weak.lock()) self->Found(turn, done, cron_job);
                           });
  }

  void Found(const JobTurn& turn, const Done& done, const base::Result<json>& cron_job) {
    if (!cron_job && cron_job.error().code == ErrorCode::kNotFound) {
      return done(base::Fail(ErrorCode::kNotFound,
                             fmt::format("there is no CronJob \"{}\" in namespace {}", turn.source.cron_job, turn.asker.migration.ns)));
    }
    if (!cron_job) return done(base::Fail(Sentence(turn, fmt::format("read CronJob \"{}\"", turn.source.cron_job), cron_job.error())));
    auto job = JobOf(*cron_job, turn);
    if (!job) return done(base::Fail(job.error()));
    kube::CallOptions options;
    options.deadline = kDeadline;
    options.may_send = [&fence = parts_.fence] { return fence.MayWrite(); };
    parts_.client.CreateLater(kube::kJobs, *job, options, [weak = weak_from_this(), turn, done](const base::Result<json>& made) {
      const auto self = weak.lock();
      if (!self) return;
      // A conflict: the answer to an earlier try was lost.
      if (made || made.error().code == ErrorCode::kConflict) return self->Made(turn, done);
      done(base::Fail(Sentence(turn, "create Jobs", made.error())));
    });
  }

  void Made(const JobTurn& turn, const Done& done) {
    {
      const std::scoped_lock lock(mutex_);
      const base::WallTime now = parts_.clock.WallNow();
      std::erase_if(made_, [&](const auto& entry) { return entry.second <= now; });
      made_[turn.name] = turn.ends_at;
    }
    done(AccessTo(turn));
  }

  bool HasHadItsJob(const JobTurn& turn) {
    const std::scoped_lock lock(mutex_);
    return made_.contains(turn.name);
  }

  base::Result<MetricAccess> AccessTo(const JobTurn& turn) {
    auto request = parts_.client.Authorise(http::Method::kGet, "");
    if (!request) return base::Fail(request.error());
    MetricAccess access;
    access.provider = std::make_shared<providers::JobProvider>(turn.asker.migration.ns, SelectorOf(turn));
    access.authentication = providers::Authentication::Like(*request);
    access.address = parts_.client.config().server;
    return access;
  }

  const Parts parts_;
  std::mutex mutex_;
  /// Turns that have had their Job, by its name, until they end: each poll would ask for the list again.
  std::map<std::string, base::WallTime> made_ SM_GUARDED_BY(mutex_);
};

JobSources::JobSources(MetricSources& others, const Parts& parts) : others_(others), impl_(std::make_shared<Impl>(parts)) {}

void JobSources::Open(const Asker& asker, const model::MetricSpec& metric, Done done) {
  if (!std::holds_alternative<model::JobSource>(metric.source)) return others_.Open(asker, metric, std::move(done));
  impl_->Open(TurnAt(asker, metric, impl_->Now()), done);
}

void JobSources::Refused(const Asker& asker, const model::MetricSpec& metric) {
  if (!std::holds_alternative<model::JobSource>(metric.source)) return others_.Refused(asker, metric);
  impl_->DropToken();
}

}  // namespace softmig::reconcile
