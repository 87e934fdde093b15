#include "routers/service/service_router.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "routers/gatewayapi/acceptance.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using base::Percent;
using model::RouteProblem;
using nlohmann::json;

constexpr const char* kSelectorPath = "/spec/selector";

/// Labels that select something; null for anything else. An empty selector selects nothing: somebody else makes the endpoints.
const json* Labels(const json* selector) {
  const bool selects = selector != nullptr && selector->is_object() && !selector->empty() &&
                       std::ranges::all_of(*selector, [](const json& value) { return value.is_string(); });
  return selects ? selector : nullptr;
}

const json* SelectorOf(const json& object) { return Labels(Member(Member(&object, "spec"), "selector")); }

/// A side as status.sides has it.
struct SelectedSide {
  const json* there = nullptr;  ///< null: nothing is known of it
  const json* selector = nullptr;
  const json* port = nullptr;  ///< of its pods: a number or a name
};

SelectedSide ReadSide(const json& object, const char* which) {
  const json* there = Member(Member(Member(&object, "status"), "sides"), which);
  if (there == nullptr || !there->is_object()) return {};
  return {there, Labels(Member(there, "selector")), Member(there, "targetPort")};
}

/// What Save gave; empty where the Service is not adopted.
std::string SavedOf(const json& object) { return TextMember(Member(Member(&object, "status"), "sides"), "saved"); }

/// The ports of its pods that the Service sends to. A port that names none has the Service's own.
bool SendsTo(const json& object, const json& wanted) {
  const json* ports = Member(Member(&object, "spec"), "ports");
  return ports != nullptr && ports->is_array() && std::ranges::any_of(*ports, [&](const json& port) {
           const json* target = Member(&port, "targetPort");
           if (target == nullptr) target = Member(&port, "port");
           return target != nullptr && *target == wanted;
         });
}

std::string PortText(const json& port) { return port.is_string() ? Cut(port.get<std::string>(), 63) : port.dump(); }

RouteProblem Malformed(std::string why) { return {"RouteMalformed", std::move(why)}; }

/// One side, by the name of its Service. One that is not there is pre-flight's business.
void CheckSide(const SelectedSide& side, const std::string& service, std::vector<RouteProblem>& problems) {
  if (side.there == nullptr || side.selector != nullptr) return;
  problems.push_back(Malformed("Service " + service + " has no selector that could be taken over"));
}

/// The pods of both sides must listen where the Service sends.
void CheckPorts(const json& object, const SelectedSide& legacy, const SelectedSide& target, std::vector<RouteProblem>& problems) {
  if (legacy.port == nullptr || target.port == nullptr) return;
  if (*legacy.port != *target.port) {
    problems.push_back(Malformed("legacy's pods listen on port " + PortText(*legacy.port) + " and the target's on " +
                                 PortText(*target.port) + ": a selector changes no ports"));
  } else if (!SendsTo(object, *legacy.port)) {
    problems.push_back(Malformed("the Service does not send to port " + PortText(*legacy.port) + ", on which legacy's pods listen"));
  }
}

std::vector<RouteProblem> ProblemsOf(const json& object, const model::Spec& spec) {
  std::vector<RouteProblem> problems;
  const json* selector = SelectorOf(object);
  if (selector == nullptr) problems.push_back(Malformed("the Service has no selector: its endpoints are somebody's own"));
  const SelectedSide legacy = ReadSide(object, "legacy");
  const SelectedSide target = ReadSide(object, "target");
  CheckSide(legacy, spec.legacy.service, problems);
  CheckSide(target, spec.target.service, problems);
  CheckPorts(object, legacy, target, problems);
  if (!problems.empty() || legacy.selector == nullptr || target.selector == nullptr) return problems;
  if (*legacy.selector == *target.selector) {
    problems.push_back(Malformed("Services " + spec.legacy.service + " and " + spec.target.service + " select the same pods"));
  } else if (SavedOf(object).empty() && *selector != *legacy.selector && *selector != *target.selector) {
    // Once it is adopted this is drift, and put back.
    problems.push_back({"ForeignBackend",
                        "the Service selects neither what " + spec.legacy.service + " selects nor what " + spec.target.service + " does"});
  }
  return problems;
}

/// The selector that was remembered; null where `saved` was not written by Save.
json SavedSelector(const std::string& saved) {
  const json parsed = ParseSaved(saved);
  const json* selector = Labels(Member(&parsed, "selector"));
  return selector == nullptr ? json() : *selector;
}

/// What the Service is to select at 0 or at 100; null where nobody knows.
json Wanted(const json& object, int percent) {
  const SelectedSide side = ReadSide(object, percent == 0 ? "legacy" : "target");
  if (side.selector != nullptr) return *side.selector;
  return percent == 0 ? SavedSelector(SavedOf(object)) : json();
}

model::ComponentTraffic ObserveSelector(const json& object, const model::Spec& spec) {
  model::ComponentTraffic traffic;
  traffic.problems = ProblemsOf(object, spec);
  traffic.names_target = true;  // there is nothing in the object that could name it before
  const json* selector = SelectorOf(object);
  const json legacy = Wanted(object, 0);
  const json target = Wanted(object, 100);
  traffic.any_target = selector == nullptr || *selector != legacy;
  if (!traffic.problems.empty() || selector == nullptr) return traffic;
  if (*selector == legacy) traffic.weight = Percent::Of(0);
  if (*selector == target) traffic.weight = Percent::Of(100);
  return traffic;
}

ObjectPatch Switched(const json& object, const json& wanted, const std::string& uid) {
  const json* selector = SelectorOf(object);
  if (selector == nullptr || *selector == wanted) return {};
  PatchBuilder patch(uid);
  patch.Test(kSelectorPath, *selector);
  patch.Replace(kSelectorPath, wanted);
  return ObjectPatch{patch.Text()};
}

}  // namespace

Capabilities ServiceRouter::capabilities(const model::RouteRef& /*route*/) const { return {}; }

model::RouteState ServiceRouter::Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  model::RouteState state = StateHead(object, AcceptedAsWritten(object), kServiceField);
  SetForAll(ObserveSelector(object, spec), spec, route, state);
  state.claimed_rules = {"spec.selector"};
  return state;
}

base::Result<std::string> ServiceRouter::Save(const json& object, const model::Spec& /*spec*/, const model::RouteRef& route) const {
  const json* selector = SelectorOf(object);
  if (selector == nullptr) return base::Fail(ErrorCode::kInvalid, "route " + route.name + " is a Service without a selector");
  return SavedText({{"selector", *selector}}, "the selector", route);
}

base::Result<ObjectPatch> ServiceRouter::Render(const TrafficIntent& intent, const json& object) const {
  const std::string uid = UidOf(object);
  if (uid.empty() || SelectorOf(object) == nullptr || intent.components.empty()) {
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " has no uid, no selector or no weights");
  }
  const int percent = intent.components.front().split.target().value();
  if (percent != 0 && percent != 100) {
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " is a Service: it sends everybody to one side");
  }
  const json wanted = Wanted(object, percent);
  if (wanted.is_null()) {
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + ": nobody knows what Service " +
                                               (percent == 0 ? intent.legacy : intent.target).service + " selects");
  }
  return Switched(object, wanted, uid);
}

base::Result<ObjectPatch> ServiceRouter::Restore(const std::string& saved, const json& object) const {
  const json selector = SavedSelector(saved);
  const std::string uid = UidOf(object);
  if (selector.is_null() || uid.empty()) return base::Fail(ErrorCode::kInvalid, "what was remembered of the route cannot be read");
  return Switched(object, selector, uid);
}

}  // namespace softmig::routers
