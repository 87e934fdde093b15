#include "model/codec.hpp"
#include "model/kind_traits.hpp"

namespace softmig::model {

std::string_view Name(Phase phase) {
  switch (phase) {
    case Phase::kPending: return "Pending";
    case Phase::kShift: return "Shift";
    case Phase::kComplete: return "Complete";
    case Phase::kRollingBack: return "RollingBack";
    case Phase::kRolledBack: return "RolledBack";
    case Phase::kPaused: return "Paused";
    case Phase::kInvalid: return "Invalid";
  }
  return "Pending";
}

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass: return "Pass";
    case Verdict::kBreach: return "Breach";
    case Verdict::kUndecided: return "Undecided";
    case Verdict::kNoData: return "NoData";
    case Verdict::kStale: return "Stale";
    case Verdict::kNaN: return "NaN";
    case Verdict::kError: return "Error";
  }
  return "NoData";
}

std::string_view Name(DesiredPhase phase) {
  switch (phase) {
    case DesiredPhase::kPending: return "Pending";
    case DesiredPhase::kShift: return "Shift";
    case DesiredPhase::kComplete: return "Complete";
  }
  return "Complete";
}

std::string_view Name(BreachPolicy policy) { return policy == BreachPolicy::kHold ? "Hold" : "Rollback"; }

std::string_view Name(RouteKind kind) { return TraitsOf(kind).name; }

std::string KindId(const RouteRef& route) { return route.kind == RouteKind::kCustom ? route.custom.type : std::string(Name(route.kind)); }

std::string ObjectId(const RouteRef& route) { return KindId(route) + "/" + route.object; }

}  // namespace softmig::model
