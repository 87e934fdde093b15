#include <algorithm>

#include "conformance/router_objects.hpp"
#include "fuzz/targets/require.hpp"
#include "kube/core/json_text.hpp"
#include "model/codec.hpp"
#include "routers/gatewayapi/http_route_router.hpp"
#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::fuzz {
namespace {

using kube::Child;
using nlohmann::json;
using routers::HttpRouteRouter;
using routers::testing::Apply;

constexpr std::size_t kMoves = 4;

/// The API server keeps 1.0 as 1, so that a route never holds the first spelling.
void LikeTheServer(json& value) {
  if (value.is_structured()) {
    for (json& child : value) LikeTheServer(child);
  } else if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number == static_cast<double>(static_cast<std::int64_t>(std::clamp(number, -1e15, 1e15))))
      value = static_cast<std::int64_t>(number);
  }
}

/// What one move asks for.
struct Move {
  int weight = 0;
  bool flags = false;
  bool name_target = false;
  bool through_bridge = false;  ///< where one is behind the route
};

Move MoveOf(const json& move) {
  return {static_cast<int>(std::clamp<std::int64_t>(kube::IntField(move, "weight"), 0, 100)), Child(move, "flags") == true,
          Child(move, "name") == true, Child(move, "bridge") == true};
}

/// One run: an object that only the router's patches change.
class Run {
 public:
  /// `behind`: a bridge is behind the route.
  Run(const json& object, const model::Spec& spec, bool behind)
      : before_(object), object_(object), spec_(spec), route_(spec.routes.front()) {
    if (behind) route_.bridge = model::Side{"bridge", 8080};
  }

  void Observe() const {
    const model::RouteState state = router_.Observe(object_, spec_, route_);
    Require(router_.Observe(object_, spec_, route_) == state, "the same object is observed alike");
    Require(IsUtf8(state.acceptance_message), "messages are UTF-8");
    for (const auto& problem : state.problems) CheckProblem(problem);
    for (const auto& component : state.components) {
      for (const auto& problem : component.problems) CheckProblem(problem);
    }
  }

  /// Whether there is something to steer.
  bool Save() {
    auto saved = router_.Save(object_, spec_, route_);
    if (saved) {
      saved_ = std::move(*saved);
      Require(saved_.size() <= (16U << 10U), "what is remembered is bounded");
      Require(IsUtf8(saved_), "what is remembered is UTF-8");
      return true;
    }
    Require(saved.error().code == base::ErrorCode::kInvalid && IsUtf8(saved.error().message), "a refusal is Invalid");
    return false;
  }

  void Render(const Move& move) {
    const routers::TrafficIntent intent = IntentOf(move);
    const auto patch = router_.Render(intent, object_);
    if (!patch) {
      Require(patch.error().code == base::ErrorCode::kInvalid && IsUtf8(patch.error().message), "a refusal is Invalid");
      return;
    }
    object_ = Apply(object_, *patch);  // throws where a `test` does not hold
    const auto again = router_.Render(intent, object_);
    Require(!again || again->empty(), "rendering twice changes nothing: " + (again ? again->json : std::string()));
    Require(WithoutRules(object_) == WithoutRules(before_), "nothing but the rules is touched");
    CheckWeights(move);
    if (move.weight == 0 && !move.flags && !GoesThrough(move)) CheckNobodyOnTarget();
  }

  void Restore() {
    const auto patch = router_.Restore(saved_, object_);
    if (!patch) {
      Require(routers::UidOf(object_).empty(), "what was saved can be restored: " + patch.error().message);
      return;
    }
    object_ = Apply(object_, *patch);
    if (!HasOwnRules(before_)) {
      Require(object_.dump() == before_.dump(), "restored byte for byte, not " + object_.dump() + " for " + before_.dump());
    }
    const auto again = router_.Restore(saved_, object_);
    Require(again.has_value() && again->empty(), "restoring twice changes nothing");
  }

 private:
  static void CheckProblem(const model::RouteProblem& problem) {
    Require(!problem.reason.empty() && IsUtf8(problem.message), "problems are UTF-8");
  }

  /// Wherever nothing hinders it, users are divided as asked.
  void CheckWeights(const Move& move) const {
    for (const model::ComponentTraffic& component : router_.Observe(object_, spec_, route_).components) {
      if (!component.problems.empty()) continue;
      Require(component.all_bridge == GoesThrough(move), "everybody goes through the bridge where that was asked for, else nobody");
      if (component.all_bridge) continue;
      Require(component.weight && component.weight->value() == move.weight, "a component without problems gets the weight asked for");
      Require(component.names_target || (move.weight == 0 && !move.name_target), "the target is named where it was asked for");
    }
  }

  void CheckNobodyOnTarget() const {
    for (const model::ComponentTraffic& component : router_.Observe(object_, spec_, route_).components) {
      Require(!component.any_target, "a rollback leaves nobody on the target");
    }
  }

  [[nodiscard]] routers::TrafficIntent IntentOf(const Move& move) const {
    routers::TrafficIntent intent{"move", spec_.legacy, spec_.target, route_.name, {}, {}, route_.bridge};
    const auto use = GoesThrough(move) ? model::BridgeUse::kAll : move.weight < 100 ? model::BridgeUse::kNamed : model::BridgeUse::kNone;
    for (const model::ComponentSpec& component : spec_.components) {
      const base::WeightSplit split(base::Percent::Of(move.weight));
      const bool flags = move.flags && !route_.bridge;
      intent.components.push_back({component, split, flags ? spec_.flags : decltype(spec_.flags){}, move.name_target, use});
    }
    return intent;
  }

  [[nodiscard]] bool GoesThrough(const Move& move) const { return route_.bridge && move.through_bridge; }

  static json WithoutRules(json object) {
    object["spec"].erase("rules");
    return object;
  }

  /// Rules that look as if we had added them: Restore takes them for left-overs.
  static bool HasOwnRules(const json& object) { return !routers::ReadRules(object, routers::kHttpDialect).own.empty(); }

  const json before_;
  json object_;
  const model::Spec& spec_;
  model::RouteRef route_;
  HttpRouteRouter router_;
  std::string saved_;
};

/// The spec as written; where it does not parse one of two that fit the tests' routes.
model::Spec SpecFor(const json& text) {
  using routers::testing::Component;
  model::ParsedSpec parsed = model::ParseSpec(text);
  if (parsed.errors.empty()) return std::move(parsed.spec);
  const std::vector<model::HeaderFlag> flags{routers::testing::Flag("x-beta", "1"), routers::testing::Flag("x-tester", "<&>")};
  if (text == "two") return routers::testing::SpecOf({Component("one", {"r0", "r1"}), Component("two", {"r2", "pay"})}, flags);
  return routers::testing::SpecOf({Component("all")}, flags);
}

}  // namespace

int FuzzHttpRoute(Bytes data) {
  auto text = kube::ParseJson(TextOf(data));
  if (!text) return 0;
  json object = Child(*text, "route");
  LikeTheServer(object);
  const model::Spec spec = SpecFor(Child(*text, "spec"));
  Run run(object, spec, Child(*text, "behind") == true);
  run.Observe();
  const bool saved = run.Save();
  const json& moves = Child(*text, "moves");
  for (std::size_t i = 0; moves.is_array() && i < std::min(moves.size(), kMoves); ++i) {
    run.Render(MoveOf(moves[i]));
    run.Observe();
  }
  run.Render({});
  if (saved) run.Restore();
  // What is remembered may have been edited: never a crash.
  if (Child(*text, "saved").is_string()) {
    const auto patch = HttpRouteRouter().Restore(kube::StringField(*text, "saved"), object);
    if (patch) Apply(object, *patch);
  }
  return 0;
}

}  // namespace softmig::fuzz
