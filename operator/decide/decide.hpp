#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "decide/observation.hpp"
#include "model/codec.hpp"
#include "model/route_state.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"

namespace softmig::decide {

/// Puts our finalizer on the SoftMigration: before the first change to a route.
struct AddFinalizer {
  bool operator==(const AddFinalizer&) const = default;
};
/// Takes it off: routes are as they were, or all users are on the target for good.
struct RemoveFinalizer {
  bool operator==(const RemoveFinalizer&) const = default;
};
/// What one component should do on one route, from the recorded status.
struct ComponentTarget {
  std::string component;
  base::Percent weight;
  bool flags = false;                                 ///< header flag rules are in place
  bool name_target = false;                           ///< the target is named in the route at weight 0 too
  model::BridgeUse bridge = model::BridgeUse::kNone;  ///< of a route that a bridge is behind (RouteRef::bridge)
  bool operator==(const ComponentTarget&) const = default;
};
/// Brings a route to the recorded weights.
struct ApplyTraffic {
  std::string route;  ///< RouteRef::name
  std::vector<ComponentTarget> components;
  bool operator==(const ApplyTraffic&) const = default;
};
/// Puts a route back as it was before adoption.
struct RestoreRoute {
  std::string route;
  bool operator==(const RestoreRoute&) const = default;
};
/// Makes a route that is missing from the spec's template, at once at the recorded weights.
struct CreateRoute {
  std::string route;  ///< RouteRef::name
  std::vector<ComponentTarget> components;
  bool operator==(const CreateRoute&) const = default;
};
/// Brings a route that was made from a template to the template as it is now, without moving anybody.
struct ApplyTemplate {
  std::string route;  ///< RouteRef::name
  std::vector<ComponentTarget> components;
  bool operator==(const ApplyTemplate&) const = default;
};
using Action = std::variant<AddFinalizer, RemoveFinalizer, ApplyTraffic, RestoreRoute, CreateRoute, ApplyTemplate>;

/// Something to tell the user as an Event, told when the status that caused it is committed.
struct Note {
  bool warning = false;
  std::string reason;
  std::string message;
  bool operator==(const Note&) const = default;
};

/// How pressing the pass that follows is.
enum class Urgency { kOrdinary, kSafety };

struct Decision {
  model::Status next;  ///< where it differs from the status given: commit it after the actions
  /// What the recorded status asks for and the observation does not show, in order. Stop at the first failure; while urgency is kSafety go
  /// on with the rest instead: one route that cannot be written must not keep users of the others on the target.
  std::vector<Action> actions;
  std::vector<Note> notes;
  std::vector<model::DecisionRecord> records;  ///< what the changes of weight in `next` rest on, one a component; as `notes`
  std::optional<base::WallTime> wake_at;
  Urgency urgency = Urgency::kOrdinary;  ///< kSafety while users must be taken back
};

/// Pure and total: same inputs, same bytes out; no clock, log, randomness or exception.
/// `actions` carry out what `status` records. Where `next` differs from `status` (intent to record) they only take users back or put routes
/// back: those come first and do not wait for the record of something else.
/// Only where `next` begins a rollback the caller may carry out what a Decide on `next` plans first, with a RollbackMark, and record then.
Decision Decide(const model::Spec& spec, const model::Status& status, const Observation& observation, base::WallTime now);

/// For a spec that does not parse: traffic stays where it is, conditions name the fields.
/// `deleting` with a finalizer still restores.
Decision DecideInvalid(const std::vector<model::FieldError>& errors, const model::Status& status, const Observation& observation,
                       base::WallTime now);

/// Why and whose users were taken back, as the field manager of the patch that did it says:
/// "softmigration-rollback/ATTEMPT/REASON/WHOSE/METRIC". The patch goes to the route before the status is written, and this name in the
/// route's managedFields is the recorded intent: a later leader that finds it on a route at 0 finishes the rollback.
/// At most 128 bytes, the API's limit for the name of a manager: a long metric is cut.
struct RollbackMark {
  /// Hexadecimal in the name, 8 digits and then 4 for each component.
  struct Whose {
    std::uint32_t rollback = 0;             ///< the lower half of RollbackRecord::at: by this one knows whether status has recorded it
    std::vector<std::uint16_t> components;  ///< hashes of the SoftMigration's uid and the name: other migrations write the same routes
    bool operator==(const Whose&) const = default;
  };
  std::int64_t attempt = 0;
  std::string reason;
  std::string metric;          ///< empty where no metric was the cause
  std::optional<Whose> whose;  ///< nothing: written by an earlier version, any component may be meant
  bool operator==(const RollbackMark&) const = default;
};
/// Of the last rollback of `status`, which names all components that go back or went. REQUIRES: there is one.
RollbackMark MarkOf(std::string_view uid, const model::Status& status);
/// The users of this component were taken back by that rollback, and `status` may not say so yet.
bool MayBeUnrecorded(const RollbackMark& mark, std::string_view uid, const std::string& component, const model::Status& status);
std::string ToFieldManager(const RollbackMark& mark);
/// Nothing where the manager is none of these.
std::optional<RollbackMark> ReadFieldManager(std::string_view manager);

/// What the status wants of a component on a route that a bridge is behind (RouteRef::bridge).
ComponentTarget RecordedAtEntrance(const model::ComponentStatus& component);

/// Which metrics must be polled now: none before there is something to judge and none at rest.
bool WantsMetrics(const model::Spec& spec, const model::Status& status, const std::string& component);

/// True while the operator holds the routes to the recorded weights (drift is put back).
bool Enforces(const model::Status& status, bool finalizer_present);

}  // namespace softmig::decide
