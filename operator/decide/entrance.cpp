// A bridge behind a route of the user's gateway: when users come through it, and when they have left it. The route then is the bridge's
// entrance, and sends to legacy, to the target or to the bridge; the weights are within the bridge. See
// docs/design/0010-bridge-behind-a-route.md.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::ComponentTraffic;
using model::Phase;
using model::RouteState;

// Proxies run a route a little later than their gateway says, and requests that are under way end by themselves.
constexpr base::Millis kLastRequests{60'000};

const RouteState* StateOfEntrance(const Context& context) {
  const model::RouteRef* entrance = model::EntranceOf(context.spec);
  return entrance == nullptr ? nullptr : StateOf(context, entrance->name);
}

/// Where the entrance sends users who do not come through the bridge. Between the two there is nothing: the weights are the bridge's.
bool GoesToTarget(const ComponentStatus& component) { return component.weight == base::Percent::Of(100); }

}  // namespace

bool IsEntrance(const std::string& route) { return route == model::kEntrance; }

bool ComesThroughBridge(const ComponentStatus& component) {
  return component.entered &&
         (component.phase == Phase::kShift || (component.phase == Phase::kRollingBack && component.weight.value() > 0));
}

ComponentTarget RecordedAtEntrance(const ComponentStatus& component) {
  using Bridge = model::BridgeUse;
  const bool shifting = component.phase == Phase::kShift;
  const base::Percent direct = GoesToTarget(component) ? component.weight : base::Percent();
  if (ComesThroughBridge(component)) return {component.name, base::Percent(), false, true, Bridge::kAll};
  return {component.name, direct, false, shifting, Bridge::kNamed};
}

bool ShowsAtEntrance(const ComponentTraffic& traffic, const ComponentStatus& component) {
  const ComponentTarget wanted = RecordedAtEntrance(component);
  if (wanted.bridge == model::BridgeUse::kAll) return traffic.all_bridge && traffic.flags.empty();
  if (wanted.weight.value() == 0 && !traffic.problems.empty()) return !traffic.any_target && traffic.flags.empty();
  const bool is_known = traffic.names_target && traffic.names_bridge;
  if (component.phase == Phase::kShift && !is_known) return false;
  return traffic.weight == wanted.weight && traffic.flags.empty();
}

bool MovesToDeadSideAtEntrance(const Context& context, const ComponentTraffic& traffic, const ComponentStatus& component) {
  const ComponentTarget wanted = RecordedAtEntrance(component);
  if (wanted.bridge == model::BridgeUse::kAll) return KnownDead(context.seen.bridge);
  if (wanted.weight.value() == 0) return LegacyCannotTake(context) && traffic.any_target && !KnownDead(context.seen.bridge);
  return KnownDead(context.seen.target) && Serves(context.seen.legacy) && traffic.weight != wanted.weight;
}

bool IsPassedBy(const model::RouteRef& route, const ComponentStatus& component) {
  if (!route.has_entrance || ComesThroughBridge(component)) return false;
  return component.phase == Phase::kRollingBack || component.phase == Phase::kRolledBack || component.phase == Phase::kComplete;
}

std::optional<Blocker> EntranceTakenBlocker(const Context& context) {
  const RouteState* state = StateOfEntrance(context);
  if (state == nullptr || !context.next().routes.empty()) return std::nullopt;
  if (std::ranges::none_of(state->components, &ComponentTraffic::any_bridge)) return std::nullopt;
  const model::RouteRef& entrance = *model::EntranceOf(context.spec);
  return Blocker{"ThirdBackend",
                 fmt::format("route {} names Service {} already, which is the bridge's: take it out, the operator puts it in",
                             entrance.object, entrance.bridge->service),
                 true};
}

bool MustEnter(const Context& context, const ComponentStatus& component) {
  return model::EntranceOf(context.spec) != nullptr && !component.entered;
}

void Enter(Context& context, ComponentStatus& component) {
  context.Tell(
      false, reason::kEntered,
      fmt::format("{}users of route {} come through the bridge now", InSentence(component), model::EntranceOf(context.spec)->object));
  component.entered = true;
  component.since.reset();
  Block(context, component, Applying(component));
}

std::optional<Blocker> BridgeBlocker(const Context& context) {
  const model::RouteRef* entrance = model::EntranceOf(context.spec);
  if (entrance == nullptr || Serves(context.seen.bridge)) return std::nullopt;
  return Blocker{std::string(reason::kBridgeNotServing),
                 fmt::format("the bridge to answer: Service {} has no ready endpoint", entrance->bridge->service), false};
}

bool BridgeIsDead(const Context& context, const ComponentStatus& component) {
  return ComesThroughBridge(component) && KnownDead(context.seen.bridge) && model::EntranceOf(context.spec) != nullptr &&
         !KnownDead(context.seen.legacy);
}

void LeaveDeadBridge(Context& context, ComponentStatus& component) {
  context.Tell(true, reason::kBridgeNotServing,
               fmt::format("{}the bridge has no ready endpoint: users go to legacy directly until it is back", InSentence(component)));
  component.entered = false;
  component.since.reset();
  context.out.urgency = Urgency::kSafety;
  if (auto blocker = BridgeBlocker(context)) Block(context, component, *blocker);
}

bool IsStillEntrance(const Context& context) {
  const RouteState* state = StateOfEntrance(context);
  return state != nullptr && state->acceptance == model::Acceptance::kWaiting;
}

bool HaveRested(Context& context, base::Millis length) {
  bool rested = true;
  for (const ComponentStatus& component : context.next().components) {
    if (component.since && *component.since + length <= context.now) continue;
    if (component.since) context.WakeAt(*component.since + length);
    rested = false;
  }
  return rested;
}

bool MayBridgeGo(Context& context) {
  if (model::EntranceOf(context.spec) == nullptr) return true;
  return !IsStillEntrance(context) && HaveRested(context, kLastRequests);
}

}  // namespace softmig::decide
