#include "reconcile/job_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using kube::Child;
using kube::StringField;
using nlohmann::json;

constexpr std::size_t kNameOfMetric = 24;  // the rest of a name takes at most 28: names of pods are a little longer, and may have 63
/// An ended Job is there for two turns and some more, so that a poller that was away for a moment still finds what it said.
constexpr base::Millis kKeepLonger{60'000};

bool HasEnded(const json& job) {
  const json& conditions = Child(Child(job, "status"), "conditions");
  return conditions.is_array() && std::ranges::any_of(conditions, [](const json& condition) {
           const std::string type = StringField(condition, "type");
           return (type == "Complete" || type == "Failed") && StringField(condition, "status") == "True";
         });
}

bool Names(std::string_view annotation, const std::string& migration) {
  constexpr std::string_view kBetween = " \t\r\n,";
  while (true) {
    annotation.remove_prefix(std::min(annotation.find_first_not_of(kBetween), annotation.size()));
    if (annotation.empty()) return false;
    const std::string_view word = annotation.substr(0, annotation.find_first_of(kBetween));
    if (word == "*" || word == migration) return true;
    annotation.remove_prefix(word.size());
  }
}

std::int64_t SecondsOf(base::Millis duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

/// An object, whatever the template has there.
json& ObjectAt(json& parent, const char* name) {
  json& value = parent[name];
  if (!value.is_object()) value = json::object();
  return value;
}

/// For people, and for the Job itself (by the downward API).
void Annotate(json& metadata, const JobTurn& turn) {
  json& annotations = ObjectAt(metadata, "annotations");
  annotations["softmigration.io/migration"] = turn.asker.migration.name;
  annotations["softmigration.io/component"] = turn.asker.component;
  annotations["softmigration.io/metric"] = turn.metric;
}

json MetadataOf(const json& like, const JobTurn& turn) {
  json metadata{{"name", turn.name}, {"namespace", turn.asker.migration.ns}};
  if (Child(like, "labels").is_object()) metadata["labels"] = Child(like, "labels");
  if (Child(like, "annotations").is_object()) metadata["annotations"] = Child(like, "annotations");
  ObjectAt(metadata, "labels")[kJobLabel] = turn.owner;
  Annotate(metadata, turn);
  metadata["ownerReferences"] = {{{"apiVersion", kube::kSoftMigrations.group + "/" + kube::kSoftMigrations.version},
                                  {"kind", kube::kSoftMigrations.kind},
                                  {"name", turn.asker.migration.name},
                                  {"uid", turn.asker.uid}}};
  return metadata;
}

}  // namespace

JobTurn TurnAt(const Asker& asker, const model::MetricSpec& metric, base::WallTime now) {
  JobTurn turn{asker, metric.name, std::get<model::JobSource>(metric.source), {}, {}, {}};
  const std::uint64_t hash = base::Fnv1a(fmt::format("{}\n{}\n{}", asker.epoch, asker.component, metric.name));
  const base::Millis interval = turn.source.interval;
  // Turns begin at a place of the metric's own, so that thousands of migrations do not make their Jobs together.
  const base::Millis place(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval.count())));
  const std::int64_t number = (now.time_since_epoch() - place) / interval;
  turn.owner = fmt::format("{:016x}", hash);
  std::string start = metric.name.substr(0, kNameOfMetric);
  while (start.ends_with('-')) start.pop_back();
  turn.name = fmt::format("{}-{}-{}", start, turn.owner, number);
  turn.ends_at = base::WallTime(place + (number + 1) * interval);
  return turn;
}

JobStep NextStep(const json& jobs, const JobTurn& turn) {
  bool made = false;
  for (const json& job : Child(jobs, "items")) {
    if (!HasEnded(job)) return JobStep::kWait;
    made = made || StringField(Child(job, "metadata"), "name") == turn.name;
  }
  return made ? JobStep::kDone : JobStep::kMake;
}

base::Result<json> JobOf(const json& cron_job, const JobTurn& turn) {
  const std::string& migration = turn.asker.migration.name;
  const std::string run_for = StringField(Child(Child(cron_job, "metadata"), "annotations"), kRunForAnnotation);
  if (!Names(run_for, migration)) {
    return base::Fail(ErrorCode::kForbidden,
                      fmt::format("CronJob \"{}\" may not be run for SoftMigration {}: name it in the CronJob's annotation {}",
                                  turn.source.cron_job, migration, kRunForAnnotation));
  }
  const json& spec = Child(cron_job, "spec");
  if (Child(spec, "suspend") != true) {
    return base::Fail(ErrorCode::kInvalid,
                      fmt::format("CronJob \"{}\" is not suspended: it would run by its schedule, too", turn.source.cron_job));
  }
  const json& like = Child(spec, "jobTemplate");
  json job{
      {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", MetadataOf(Child(like, "metadata"), turn)}, {"spec", Child(like, "spec")}};
  json& job_spec = ObjectAt(job, "spec");
  const std::int64_t timeout = SecondsOf(turn.source.timeout);
  const std::int64_t own = kube::IntField(job_spec, "activeDeadlineSeconds");
  job_spec["activeDeadlineSeconds"] = own > 0 ? std::min(own, timeout) : timeout;
  job_spec["ttlSecondsAfterFinished"] = SecondsOf(2 * turn.source.interval + kKeepLonger);
  job_spec.erase("suspend");
  Annotate(ObjectAt(ObjectAt(job_spec, "template"), "metadata"), turn);
  return job;
}

}  // namespace softmig::reconcile
