// Mistakes with the API server: guards left out, news not believed, leaders not fenced.
#include <nlohmann/json.hpp>

#include "sim/mutants/mutants.hpp"

namespace softmig::simulator {
namespace {

using nlohmann::json;
using reconcile::Cache;

constexpr const char* kMark = "fieldManager=softmigration-rollback";

Tweaks Rewriting(ApiTransport::Rewrite rewrite) {
  Tweaks tweaks;
  tweaks.rewrite = [rewrite = std::move(rewrite)](const Cache&) { return rewrite; };
  return tweaks;
}

bool DropTests(http::Request& request, const ApiCall& call) {
  if (call.kind != Kind::kHttpRoutes || request.method != http::Method::kPatch) return true;
  json kept = json::array();
  for (const json& operation : json::parse(request.body)) {
    if (operation.at("op") != "test") kept.push_back(operation);
  }
  request.body = kept.dump();
  return true;
}

bool DropVersion(http::Request& request, const ApiCall& call) {
  if (call.kind != Kind::kSoftMigrations || request.method != http::Method::kPatch) return true;
  json patch = json::parse(request.body);
  patch["metadata"].erase("resourceVersion");
  request.body = patch.dump();
  return true;
}

bool DropMark(http::Request& request, const ApiCall&) {
  const auto at = request.url.find(kMark);
  if (at == std::string::npos) return true;
  const auto end = request.url.find('&', at);
  request.url.replace(at, end == std::string::npos ? end : end - at, "fieldManager=softmigration");
  return true;
}

bool RefuseMarked(http::Request& request, const ApiCall&) { return request.url.find(kMark) == std::string::npos; }

bool HideDeletion(Kind kind, json& object) {
  if (kind == Kind::kSoftMigrations) object["metadata"].erase("deletionTimestamp");
  return true;
}

bool CountUnready(Kind kind, json& object) {
  if (kind != Kind::kEndpointSlices) return true;
  for (json& endpoint : object["endpoints"]) endpoint["conditions"]["ready"] = true;
  return true;
}

Tweaks Delivering(std::function<bool(Kind, json&)> delivered) {
  Tweaks tweaks;
  tweaks.delivered = std::move(delivered);
  return tweaks;
}

template <typename Set>
Tweaks With(Set set) {
  Tweaks tweaks;
  set(tweaks);
  return tweaks;
}

void Stage(RunOptions& options, int replicas, FaultPlan plan) {
  Scenario scenario = SmallScenario(replicas);
  scenario.seed = options.seed;
  scenario.migrations[0].steps = {{20, 20}, {100, 0}};
  options.scenario = scenario;
  options.plan = std::move(plan);
}

void AddGuardMutants(std::vector<Mutant>& mutants) {
  mutants.push_back(
      {"blind-route-write", "routes are patched without tests of what is replaced", Rewriting(DropTests), [](RunOptions& options) {
         Stage(options, 1,
               {{FaultKind::kWatchLag, seconds(15), seconds(30), -1, 1, 0}, {FaultKind::kRouteRule, seconds(16), Time(0), 0, 0, 0}});
       }});
  mutants.push_back(
      {"blind-status-write", "status is written without the resourceVersion that was read", Rewriting(DropVersion),
       [](RunOptions& options) {
         Stage(options, 1,
               {{FaultKind::kWatchLag, seconds(6), seconds(20), -1, 0, 0}, {FaultKind::kPause, seconds(6), seconds(25), 0, 0, 0}});
       }});
  mutants.push_back({"stale-cache-trusted", "decisions are made on copies older than the operator's own last write",
                     With([](Tweaks& tweaks) { tweaks.no_version_tracking = true; }),
                     [](RunOptions& options) { Stage(options, 1, {{FaultKind::kWatchLag, milliseconds(1'500), seconds(60), -1, 1, 0}}); }});
  mutants.push_back(
      {"no-mark-of-a-rollback", "a rollback under way is not recorded anywhere before status is", Rewriting(DropMark),
       [](RunOptions& options) {
         Stage(options, 1,
               {{FaultKind::kBreach, seconds(12), Time(0), 0, 0, 0}, {FaultKind::kCrashAtWrite, seconds(12), seconds(1), 0, 1, 1}});
       }});
  mutants.push_back(
      {"status-before-route", "a rollback is recorded before users are taken back", Rewriting(RefuseMarked), [](RunOptions& options) {
         Stage(options, 1,
               {{FaultKind::kStatusErrors, seconds(10), seconds(30), -1, 500, 0}, {FaultKind::kBreach, seconds(12), Time(0), 0, 0, 0}});
       }});
}

void AddLeaderMutants(std::vector<Mutant>& mutants) {
  const auto frozen = [](RunOptions& options) {
    Stage(options, 2, {{FaultKind::kFreezeAtWrite, Time(0), seconds(12), 0, 0, 1 + static_cast<int>(options.seed % 6)}});
  };
  mutants.push_back(
      {"no-fence", "the lease is not looked at before a write", With([](Tweaks& tweaks) { tweaks.no_fence = true; }), frozen});
  mutants.push_back({"leads-too-long", "a leader believes in its lease for longer than others do",
                     With([](Tweaks& tweaks) { tweaks.lease = [](kube::LeaseOptions& lease) { lease.renew_deadline = minutes(2); }; }),
                     frozen});
}

void AddNewsMutants(std::vector<Mutant>& mutants) {
  mutants.push_back({"misses-deletion", "a SoftMigration that is being deleted goes on", Delivering(HideDeletion), {}});
  mutants.push_back({"counts-unready", "endpoints that are not ready count", Delivering(CountUnready), {}});
  mutants.push_back({"keeps-deleted", "deleted objects stay in the cache", With([](Tweaks& tweaks) { tweaks.keep_deleted = true; }), {}});
  mutants.push_back(
      {"tells-once", "transitions are recorded, but not all are told", With([](Tweaks& tweaks) { tweaks.tells_once = true; }), {}});
  mutants.push_back(
      {"retries-at-once", "a failed write is tried again without a pause", With([](Tweaks& tweaks) { tweaks.retry_at_once = true; }), {}});
  mutants.push_back({"one-lane", "a rollback waits for its turn behind other work",
                     With([](Tweaks& tweaks) { tweaks.no_safety_lane = true; }), [](RunOptions& options) {
                       Stage(options, 1, {});
                       Scenario& scenario = *options.scenario;
                       MigrationPlan other = scenario.migrations[0];
                       other.name = "m1";
                       other.legacy = "old1";
                       other.target = "new1";
                       other.routes = {"r1"};
                       scenario.migrations.push_back(other);
                       scenario.routes.emplace_back("r1");
                       // Somewhere just before a poll sees the breach, wherever in the interval that poll has its place.
                       const Time edited = seconds(13) + milliseconds(50) * (options.seed % 40);
                       options.plan = FaultPlan{{FaultKind::kBreach, seconds(12), Time(0), 0, 0, 0},
                                                {FaultKind::kHangObject, seconds(10), seconds(30), -1, 1, 0},
                                                {FaultKind::kEditHold, edited, Time(0), 1, 0, 0}};
                     }});
}

}  // namespace

void AddWriteMutants(std::vector<Mutant>& mutants) {
  AddGuardMutants(mutants);
  AddLeaderMutants(mutants);
  AddNewsMutants(mutants);
}

std::vector<Mutant> AllMutants() {
  std::vector<Mutant> mutants;
  AddRouterMutants(mutants);
  AddMetricMutants(mutants);
  AddWriteMutants(mutants);
  return mutants;
}

}  // namespace softmig::simulator
