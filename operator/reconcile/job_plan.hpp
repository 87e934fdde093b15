#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/spec.hpp"
#include "reconcile/metric_sources.hpp"

/// Which Job a metric wants now, and what it looks like. Pure.
namespace softmig::reconcile {

/// On a CronJob: the SoftMigrations it may be run for, separated by blanks or commas; "*" for all of its namespace.
inline constexpr const char* kRunForAnnotation = "softmigration.io/run-for";
/// On a Job: whose it is, as JobTurn::owner.
inline constexpr const char* kJobLabel = "softmigration.io/job";

/// One turn of one metric: at most one Job is made in it, with this name, whoever makes it and how often they try.
struct JobTurn {
  Asker asker;
  std::string metric;
  model::JobSource source;
  std::string owner;       ///< 16 hex digits: the metric, its component and what its evidence is about
  std::string name;        ///< of the turn's Job
  base::WallTime ends_at;  ///< the next turn begins
};
/// REQUIRES: the metric's source is a JobSource.
JobTurn TurnAt(const Asker& asker, const model::MetricSpec& metric, base::WallTime now);

enum class JobStep {
  kMake,  ///< nothing of the owner's is under way, and the turn has no Job yet
  kWait,  ///< a Job has not ended yet: the turn begins when it has
  kDone,  ///< the turn has had its Job
};
/// `jobs`: a list of the owner's.
JobStep NextStep(const nlohmann::json& jobs, const JobTurn& turn);

/// The Job of the turn, from the CronJob's template. kForbidden where the CronJob does not name the migration, kInvalid where it is not
/// suspended; each one sentence.
base::Result<nlohmann::json> JobOf(const nlohmann::json& cron_job, const JobTurn& turn);

}  // namespace softmig::reconcile
