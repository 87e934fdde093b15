#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/percent.hpp"

namespace softmig::model {

/// Whether the gateway says that it runs the object as it stands now.
enum class Acceptance {
  kAccepted,  ///< every parent has accepted the current generation
  kWaiting,   ///< some parent has not yet seen the current generation, or none has spoken
  kRejected,  ///< a parent refuses it, or its references do not resolve
};

/// A reason why a route cannot be moved: a code of decide/reasons.hpp's vocabulary and a sentence naming the place.
struct RouteProblem {
  std::string reason;  ///< "RuleNotFound", "ThirdBackend", "TooManyRules", "RuleAmbiguous", "ForeignBackend", "RouteMalformed"
  std::string message;
  bool operator==(const RouteProblem&) const = default;
};

/// One component's traffic on one route.
struct ComponentTraffic {
  std::string component;
  /// The target's share where all its rules agree on one whole percentage; nothing where they differ, are no whole percentage or not ours
  /// yet.
  std::optional<base::Percent> weight;
  bool names_target = false;       ///< each of its rules names the target, be it with weight 0: the gateway knows it
  bool any_target = false;         ///< some rule sends something to the target (weight > 0), header flag rules of ours included
  std::vector<std::string> flags;  ///< canonical texts of our header flag rules that are in place (sorted)
  std::vector<RouteProblem> problems;
  // Of a route that a bridge is behind. Where a rule sends anybody to the bridge, `weight` is nothing and `any_target` true.
  bool names_bridge = false;  ///< each of its rules names the bridge, be it with weight 0
  bool any_bridge = false;    ///< some rule names it
  bool all_bridge = false;    ///< each of its rules sends everybody to it
  bool operator==(const ComponentTraffic&) const = default;
};

/// A route as one of the migration's routers reads it. Value type.
struct RouteState {
  std::string uid;
  std::string resource_version;
  Acceptance acceptance = Acceptance::kWaiting;
  std::string acceptance_message;
  std::vector<ComponentTraffic> components;  ///< those with rules on this route
  std::vector<RouteProblem> problems;        ///< of the route as a whole
  std::vector<std::string> claimed_rules;  ///< canonical ids ("rule:NAME" or "matches:JSON") of claimed rules, to detect two claims on one
  std::string last_writer;                 ///< field manager of spec.rules (most recent), empty where unknown
  std::string made_for;                    ///< the migration from whose template the object was made, or that it was handed to; or empty
  std::string mark;                        ///< what such an object is put back to, as SavedRoute::saved; empty where it does not say
  bool operator==(const RouteState&) const = default;
};

/// What the rules of a route are to do with the bridge that is behind it.
enum class BridgeUse {
  kNone,   ///< they do not name it
  kNamed,  ///< it gets nobody; with the target they name it all the same
  kAll,    ///< it gets everybody, whatever the weight says
};

/// Canonical text of a header flag, as in ComponentTraffic::flags: "name=value,name=value", names in lower case, sorted.
struct HeaderFlag;
std::string FlagText(const HeaderFlag& flag);
/// Of all flags of a spec, sorted.
std::vector<std::string> FlagTexts(const std::vector<HeaderFlag>& flags);

}  // namespace softmig::model
