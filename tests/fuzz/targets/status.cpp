#include <algorithm>

#include "conformance/router_objects.hpp"
#include "decide/decide.hpp"
#include "fuzz/targets/require.hpp"
#include "kube/core/json_text.hpp"
#include "model/codec.hpp"
#include "model/limits.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

/// A status that anybody may have edited, read and decided upon. The text is
///   {"spec": …, "status": …, "seen": {"now": seconds, "generation": n, "deleting": bool, "finalizer": bool, "legacy": endpoints,
///    "target": endpoints, "routes": {name: HTTPRoute}, "metrics": [{"component", "metric", "verdict": 0–6, "at": seconds}]}}
/// where endpoints is a number, a text for a failed look, or absent for a Service that is not there.
namespace softmig::fuzz {
namespace {

using kube::Child;
using kube::IntField;
using kube::StringField;
using nlohmann::json;

constexpr int kPasses = 60;

base::WallTime TimeOf(const json& seen, const char* name) {
  return base::WallTime{std::chrono::seconds(std::clamp<std::int64_t>(IntField(seen, name), 0, 4'000'000'000))};
}

decide::Observed<decide::BackendState> SideOf(const json& side) {
  if (side.is_string()) return decide::Failed{side.get<std::string>()};
  if (!side.is_number_unsigned()) return decide::Missing{"not there"};
  return decide::BackendState{true, static_cast<int>(side.get<std::uint64_t>() % 100)};
}

decide::RouteObservation RouteOf(const json& object, const model::Spec& spec, const model::RouteRef& route) {
  const routers::HttpRouteRouter router;
  decide::RouteObservation observation;
  if (!object.is_object()) return observation;
  observation.state = router.Observe(object, spec, route);
  const auto saved = router.Save(object, spec, route);
  if (saved) {
    observation.snapshot = *saved;
    observation.restore_pending = !router.Restore(*saved, object).value_or(routers::ObjectPatch{}).empty();
  } else {
    observation.snapshot_error = saved.error().message;
  }
  return observation;
}

void AddMetric(const json& entry, decide::Observation& observation) {
  analysis::Judgement judgement;
  judgement.verdict = static_cast<model::Verdict>(static_cast<std::uint64_t>(IntField(entry, "verdict")) % 7);
  judgement.at = TimeOf(entry, "at");
  judgement.window_start = judgement.at - std::chrono::seconds(5);
  judgement.evidence = StringField(entry, "evidence");
  decide::MetricObservation& metric = observation.metrics[{StringField(entry, "component"), StringField(entry, "metric")}];
  metric.latest = judgement;
  const bool breach = judgement.verdict == model::Verdict::kBreach;
  if (breach || judgement.verdict == model::Verdict::kPass) metric.decisive = judgement;
  if (breach) metric.breach_since = judgement.at;
}

decide::Observation ObservationOf(const json& seen, const model::Spec& spec) {
  decide::Observation observation;
  observation.generation = IntField(seen, "generation");
  observation.deleting = Child(seen, "deleting") == true;
  observation.finalizer_present = Child(seen, "finalizer") == true;
  observation.legacy = SideOf(Child(seen, "legacy"));
  observation.target = SideOf(Child(seen, "target"));
  for (const model::RouteRef& route : spec.routes) {
    observation.routes[route.name] = RouteOf(Child(Child(seen, "routes"), route.name.c_str()), spec, route);
  }
  const json& metrics = Child(seen, "metrics");
  for (std::size_t i = 0; metrics.is_array() && i < std::min<std::size_t>(metrics.size(), 20); ++i) AddMetric(metrics[i], observation);
  return observation;
}

/// As it goes to the API server and comes back.
model::Status Written(const model::Status& status) {
  const json text = model::ToJson(status);
  const std::size_t saved = [&] {
    std::size_t bytes = 0;
    for (const model::SavedRoute& route : status.routes)
      bytes += json(route.saved).dump(-1, ' ', false, json::error_handler_t::replace).size();
    return bytes;
  }();
  Require(text.dump().size() <= model::limits::kStatusBytes + saved, "a status fits into its bounds");
  const model::Status read = model::ParseStatus(json::parse(text.dump()));
  Require(model::ToJson(read) == text, "what we write we read again");
  return read;
}

/// Puts a route back, or takes users off the target as recorded.
bool TakesBack(const decide::Action& action, const model::Status& status) {
  if (std::holds_alternative<decide::RestoreRoute>(action)) return true;
  const auto* apply = std::get_if<decide::ApplyTraffic>(&action);
  if (apply == nullptr) return false;
  return std::ranges::all_of(apply->components, [&](const decide::ComponentTarget& wanted) {
    const auto recorded = std::ranges::find(status.components, wanted.component, &model::ComponentStatus::name);
    return recorded != status.components.end() && recorded->weight.value() == 0 && wanted.weight.value() == 0 && !wanted.flags;
  });
}

void CheckDecision(const model::Status& status, const decide::Decision& decision, const decide::Observation& observation) {
  const bool records = decision.next != status;
  Require(!records || std::ranges::all_of(decision.actions, [&](const auto& action) { return TakesBack(action, status); }),
          "intent before action: a pass that records something carries out nothing but what takes users back");
  if (decide::Serves(observation.target)) return;
  for (const model::ComponentStatus& after : decision.next.components) {
    const auto before = std::ranges::find(status.components, after.name, &model::ComponentStatus::name);
    const int weight = before == status.components.end() ? 0 : before->weight.value();
    Require(after.weight.value() <= weight, "no weight rises while the target does not serve");
  }
}

}  // namespace

int FuzzStatus(Bytes data) {
  const auto text = kube::ParseJson(TextOf(data));
  if (!text) return 0;
  model::Status status = Written(model::ParseStatus(Child(*text, "status")));
  const model::ParsedSpec parsed = model::ParseSpec(Child(*text, "spec"));
  const model::Spec spec = parsed.errors.empty() ? parsed.spec : routers::testing::SpecOf({routers::testing::Component("all")});
  const json& seen = Child(*text, "seen");
  const decide::Observation observation = ObservationOf(seen, spec);
  const base::WallTime now = TimeOf(seen, "now");
  if (!parsed.errors.empty()) {
    const decide::Decision decision = decide::DecideInvalid(parsed.errors, status, observation, now);
    CheckDecision(status, decision, observation);
    Written(decision.next);
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    const decide::Decision decision = decide::Decide(spec, status, observation, now);
    CheckDecision(status, decision, observation);
    Require(decide::Decide(spec, status, observation, now).next == decision.next, "the same inputs decide the same");
    if (decision.next == status) return 0;
    status = Written(decision.next);
  }
  Require(false, "in a world that stands still the status settles");
  return 0;
}

}  // namespace softmig::fuzz
