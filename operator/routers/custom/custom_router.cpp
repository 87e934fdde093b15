#include "routers/custom/custom_router.hpp"

#include <nlohmann/json.hpp>

#include "model/text_rules.hpp"
#include "routers/gatewayapi/acceptance.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using base::Percent;
using model::CustomRoute;
using nlohmann::json;

constexpr std::int64_t kMaxWeight = 1'000'000;

/// What stands at a pointer; null where it leads nowhere.
const json* Find(const json& object, const std::string& pointer) {
  if (!model::IsPointer(pointer)) return nullptr;
  try {
    const json::json_pointer place(pointer);
    return object.contains(place) ? &object.at(place) : nullptr;
  } catch (const json::exception&) {
    return nullptr;  // an index with a leading zero, or past all lists
  }
}

bool IsOf(const json* word, const std::string& service) {
  if (word == nullptr || !word->is_string()) return false;
  const auto& text = word->get_ref<const std::string&>();
  return text == service || text.starts_with(service + ".");
}

/// One of the two weights, and what stands beside it.
struct Place {
  const CustomRoute::Part& part;
  const json* weight = nullptr;
  const json* word = nullptr;
  std::string problem;  ///< why it cannot be steered; empty: it can
};

Place FindPlace(const json& object, const CustomRoute::Part& part, const std::string& service) {
  Place place{part, Find(object, part.weight), Find(object, part.service), {}};
  if (place.weight == nullptr) {
    place.problem = "there is nothing at " + part.weight;
  } else if (!IsOf(place.word, service)) {
    place.problem = part.service + " does not say " + service;
  }
  return place;
}

model::ComponentTraffic ObserveWeights(const Place& legacy, const Place& target) {
  model::ComponentTraffic traffic;
  const auto stays = WholeNumber(legacy.weight, kMaxWeight);
  const auto moves = WholeNumber(target.weight, kMaxWeight);
  for (const Place* place : {&legacy, &target}) {
    if (!place->problem.empty()) traffic.problems.push_back({"RuleNotFound", place->problem});
    if (place->weight != nullptr && !WholeNumber(place->weight, kMaxWeight)) {
      traffic.problems.push_back({"RouteMalformed", "what stands at " + place->part.weight + " is no weight"});
    }
  }
  traffic.names_target = target.problem.empty();
  traffic.any_target = moves.value_or(0) > 0;
  if (!traffic.problems.empty() || !stays || !moves) return traffic;
  const std::int64_t all = *stays + *moves;
  if (all > 0 && *moves * 100 % all == 0) traffic.weight = Percent::Make(static_cast<int>(*moves * 100 / all));
  return traffic;
}

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

AcceptanceReport ReadCustomAcceptance(const json& object, const CustomRoute& custom) {
  using model::Acceptance;
  if (custom.accepted.empty()) return AcceptedAsWritten(object);
  const json* said = Find(object, custom.accepted);
  if (!custom.generation.empty()) {
    const json* seen = Find(object, custom.generation);
    const json* now = Member(Member(&object, "metadata"), "generation");
    if (seen == nullptr || now == nullptr || *seen != *now)
      return {Acceptance::kWaiting, custom.generation + " is not the present generation"};
  }
  if (said != nullptr && TextOf(*said) == custom.accepted_value) return {Acceptance::kAccepted, ""};
  return {Acceptance::kWaiting, custom.accepted + " does not say " + custom.accepted_value};
}

void SetWeight(const Place& place, const json& weight, PatchBuilder& patch) {
  if (*place.weight == weight) return;
  patch.Test(place.part.service, *place.word);
  patch.Test(place.part.weight, *place.weight);
  patch.Replace(place.part.weight, weight);
}

json SavedPart(const Place& place) {
  return {{"path", place.part.weight}, {"at", place.part.service}, {"word", *place.word}, {"weight", *place.weight}};
}

/// False where `saved` is not what SavedPart gives.
bool RestorePart(const json& saved, const json& object, PatchBuilder& patch) {
  const CustomRoute::Part part{TextMember(&saved, "path"), TextMember(&saved, "at")};
  const json* weight = Member(&saved, "weight");
  const std::string word = TextMember(&saved, "word");
  if (!model::IsSpecPointer(part.weight) || !model::IsSpecPointer(part.service) || weight == nullptr || word.empty()) return false;
  const Place place{part, Find(object, part.weight), Find(object, part.service), {}};
  const bool is_same = place.weight != nullptr && place.word != nullptr && *place.word == json(word);
  if (is_same) SetWeight(place, *weight, patch);
  return true;
}

}  // namespace

Capabilities CustomRouter::capabilities(const model::RouteRef& route) const {
  return {.header_flags = false, .reports_acceptance = !route.custom.accepted.empty()};
}

model::RouteState CustomRouter::Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  model::RouteState state = StateHead(object, ReadCustomAcceptance(object, route.custom), kCustomField);
  const Place legacy = FindPlace(object, route.custom.legacy, spec.legacy.service);
  const Place target = FindPlace(object, route.custom.target, spec.target.service);
  SetForAll(ObserveWeights(legacy, target), spec, route, state);
  state.claimed_rules = {"weight:" + route.custom.legacy.weight, "weight:" + route.custom.target.weight};
  return state;
}

base::Result<std::string> CustomRouter::Save(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  const Place legacy = FindPlace(object, route.custom.legacy, spec.legacy.service);
  const Place target = FindPlace(object, route.custom.target, spec.target.service);
  for (const Place* place : {&legacy, &target}) {
    if (!place->problem.empty()) return base::Fail(ErrorCode::kInvalid, "route " + route.name + ": " + place->problem);
  }
  return SavedText({{"custom", {SavedPart(legacy), SavedPart(target)}}}, "what stands at the weights", route);
}

base::Result<ObjectPatch> CustomRouter::Render(const TrafficIntent& intent, const json& object) const {
  const std::string uid = UidOf(object);
  if (uid.empty() || intent.components.empty())
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " has no uid or no weights");
  const Place legacy = FindPlace(object, intent.custom.legacy, intent.legacy.service);
  const Place target = FindPlace(object, intent.custom.target, intent.target.service);
  for (const Place* place : {&legacy, &target}) {
    if (!place->problem.empty()) return base::Fail(ErrorCode::kInvalid, "route " + intent.route + ": " + place->problem);
  }
  const base::WeightSplit& split = intent.components.front().split;
  PatchBuilder patch(uid);
  SetWeight(legacy, split.legacy().value(), patch);
  SetWeight(target, split.target().value(), patch);
  return ObjectPatch{patch.Text()};
}

base::Result<ObjectPatch> CustomRouter::Restore(const std::string& saved, const json& object) const {
  const json parsed = ParseSaved(saved);
  const json* parts = Member(&parsed, "custom");
  const std::string uid = UidOf(object);
  if (parts == nullptr || !parts->is_array() || parts->size() != 2 || uid.empty()) {
    return base::Fail(ErrorCode::kInvalid, "what was remembered of the route cannot be read");
  }
  PatchBuilder patch(uid);
  for (const json& part : *parts) {
    if (!RestorePart(part, object, patch)) return base::Fail(ErrorCode::kInvalid, "what was remembered of the route cannot be read");
  }
  return ObjectPatch{patch.Text()};
}

}  // namespace softmig::routers
