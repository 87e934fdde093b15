#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/percent.hpp"
#include "base/result.hpp"
#include "model/route_state.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"

namespace softmig::routers {

/// All that traffic of one component should do on one route. A new feature is a field and a capability, not a method.
struct ComponentIntent {
  model::ComponentSpec component;
  base::WeightSplit split;
  std::vector<model::HeaderFlag> flags;               ///< rules to add; empty: none, and ours are removed
  bool name_target = false;                           ///< name the target at weight 0 too, so that the gateway knows it before users come
  model::BridgeUse bridge = model::BridgeUse::kNone;  ///< where TrafficIntent::bridge is set
};

struct TrafficIntent {
  std::string migration;  ///< name, to mark what we add
  model::Side legacy, target;
  std::string route;  ///< RouteRef::name
  std::vector<ComponentIntent> components;
  model::CustomRoute custom{};          ///< of a custom route
  std::optional<model::Side> bridge{};  ///< RouteRef::bridge
};

/// By this annotation a route that was made from a template is known: for whom, from what, and what to put it back to.
inline constexpr const char* kTemplateMark = "softmigration.io/template";

/// A change to one object that the API server refuses where the object is not any more what it was rendered from. Empty: nothing to do.
struct ObjectPatch {
  enum class Form {
    kOperations,  ///< RFC 6902, with `test` operations for what it relies on
    kMerge,       ///< RFC 7386, with the uid and the resourceVersion that it relies on
  };
  std::string json;  ///< compact text
  Form form = Form::kOperations;
  [[nodiscard]] bool empty() const { return json.empty() || json == "[]"; }
};

/// What a router can do; a plan that asks for more is refused in pre-flight.
struct Capabilities {
  bool header_flags = false;
  bool reports_acceptance = false;  ///< the gateway tells by status when it has taken a change over
};

/// One way of steering traffic. Pure: takes values, gives values; thread-safe. Every implementation passes
/// tests/conformance/router_*.cpp.
class TrafficRouter {
 public:
  virtual ~TrafficRouter() = default;
  [[nodiscard]] virtual Capabilities capabilities(const model::RouteRef& route) const = 0;

  /// What the object says now about the components that have rules on this route.
  /// Absent objects are the caller's business; an object that makes no sense gives problems, never a crash.
  [[nodiscard]] virtual model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                                  const model::RouteRef& route) const = 0;

  /// What must be remembered of the object before the first change, so that Restore can put it back byte for byte.
  /// kInvalid where it is too large to be remembered (16 KiB).
  [[nodiscard]] virtual base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                                       const model::RouteRef& route) const = 0;

  /// The patch from `object` to the intent; empty where it is already so. Touches only backendRefs of the components' rules and
  /// rules of our own. kInvalid where a rule is missing.
  [[nodiscard]] virtual base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const = 0;

  /// The object of `route`'s manifest, with the mark of intent.migration and with the intent already in it as far as it has the rules for
  /// it: to be created. kInvalid where the manifest is none.
  [[nodiscard]] virtual base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec,
                                                          const model::RouteRef& route, const std::string& ns) const = 0;

  /// The patch that brings an object that was made earlier to what Make gives now; empty where its mark says that it was made from this
  /// very manifest, whatever became of it since. Labels and annotations that the manifest does not name stay.
  [[nodiscard]] virtual base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                         const nlohmann::json& object) const = 0;

  /// The patch that takes our rules out and puts the claimed rules' backends back as saved; edits the user made elsewhere stay. Rules that
  /// the user has deleted since are left deleted. `saved` is what Save gave, or RouteState::mark: backends of a template are back where
  /// they have all that it says, since the API server fills in the rest.
  [[nodiscard]] virtual base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const = 0;
};

}  // namespace softmig::routers
