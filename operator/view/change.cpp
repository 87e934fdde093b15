#include "view/change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"

namespace softmig::view {
namespace {

using base::ErrorCode;
using base::Fail;
using model::DesiredPhase;
using model::Phase;
using nlohmann::json;

std::string PatchOf(json spec) { return json{{"spec", std::move(spec)}}.dump(); }

bool Has(const Migration& migration, Phase phase) {
  return std::ranges::any_of(migration.status.components, [&](const model::ComponentStatus& c) { return c.phase == phase; });
}

base::Result<Change> PlanPause(const Migration& migration, bool paused) {
  if (migration.parsed.spec.paused == paused) {
    return Fail(ErrorCode::kInvalid,
                paused ? "it is paused already; `resume` lets it go on" : "it is not paused; `explain` says what it waits for");
  }
  if (paused && migration.status.phase == Phase::kComplete) {
    return Fail(ErrorCode::kInvalid, "it is complete, there is nothing to hold; `rollback` would take users back");
  }
  return Change{PatchOf({{"paused", paused}}), fmt::format("spec.paused: {} -> {}", !paused, paused),
                paused ? fmt::format("the operator holds it at {} %; it still judges, and still takes users back on bad evidence",
                                     migration.status.current_weight)
                       : "the operator goes on when the step's hold has passed and every metric passes"};
}

base::Result<Change> PlanPromote(const Migration& migration, DesiredPhase to) {
  const DesiredPhase now = migration.parsed.spec.desired_phase;
  if (to == DesiredPhase::kPending) return Fail(ErrorCode::kInvalid, "promote only raises; `rollback` takes users back to legacy");
  if (static_cast<int>(now) >= static_cast<int>(to)) {
    return Fail(ErrorCode::kInvalid,
                fmt::format("spec.desiredPhase is {} already: steps follow by themselves when hold and evidence allow, and are never "
                            "skipped; `explain` says what it waits for",
                            model::Name(now)));
  }
  if (Has(migration, Phase::kRolledBack)) return Fail(ErrorCode::kInvalid, "it was rolled back; `retry` starts another attempt");
  return Change{PatchOf({{"desiredPhase", model::Name(to)}}), fmt::format("spec.desiredPhase: {} -> {}", model::Name(now), model::Name(to)),
                std::string("the operator goes on step by step, each when its hold and the evidence allow it") +
                    (migration.parsed.spec.paused ? "; it is still paused: `resume` as well" : "")};
}

base::Result<Change> PlanRollback(const Migration& migration) {
  const DesiredPhase now = migration.parsed.spec.desired_phase;
  if (now == DesiredPhase::kPending)
    return Fail(ErrorCode::kInvalid, "spec.desiredPhase is Pending already: users are on legacy or on their way there");
  return Change{PatchOf({{"desiredPhase", "Pending"}}), fmt::format("spec.desiredPhase: {} -> Pending", model::Name(now)),
                "the operator takes all users back to legacy at once and puts the routes back as they were; `promote` begins anew"};
}

base::Result<Change> PlanRetry(const Migration& migration) {
  if (!Has(migration, Phase::kRolledBack)) {
    return Fail(ErrorCode::kInvalid, Has(migration, Phase::kRollingBack) ? "users are still on their way back; retry when it is RolledBack"
                                                                         : "nothing was rolled back; `explain` says what it waits for");
  }
  const std::int64_t now = migration.parsed.spec.attempt;
  const std::int64_t next = std::max(now, migration.status.attempt) + 1;
  return Change{PatchOf({{"attempt", next}}), fmt::format("spec.attempt: {} -> {}", now, next),
                "the operator begins again from 0 % with new evidence; what was rolled back once is judged anew"};
}

json StepJson(int weight, base::Millis hold) {
  json step{{"weight", weight}};
  if (hold.count() > 0) step["hold"] = base::FormatDuration(hold);
  return step;
}

std::string StepsText(const std::vector<int>& weights) {
  std::string text;
  for (const int weight : weights) text += fmt::format("{}{}", text.empty() ? "" : ", ", weight);
  return "[" + text + "]";
}

int HighestWeight(const Migration& migration) {
  int highest = 0;
  for (const model::ComponentStatus& component : migration.status.components) highest = std::max(highest, component.weight.value());
  return highest;
}

/// The next step goes to the weight: those between are left out, the others stay. No gate is skipped.
base::Result<Change> PlanSetWeight(const Migration& migration, int weight) {
  if (weight == 0) return Fail(ErrorCode::kInvalid, "weight 0 takes everybody back; `rollback` does that");
  if (weight < 1 || weight > 100) return Fail(ErrorCode::kInvalid, "a weight is a whole number from 1 to 100");
  if (migration.status.phase == Phase::kComplete) return Fail(ErrorCode::kInvalid, "it is complete; `rollback` takes users back to legacy");
  if (Has(migration, Phase::kRolledBack) || Has(migration, Phase::kRollingBack)) {
    return Fail(ErrorCode::kInvalid, "it was rolled back; `retry` starts another attempt");
  }
  const int now = HighestWeight(migration);
  if (weight == now) return Fail(ErrorCode::kInvalid, fmt::format("the weight is {} already; `pause` holds it there", weight));
  if (weight < now) {
    return Fail(ErrorCode::kInvalid,
                fmt::format("{} % of the users are on the target, and a weight only falls to 0; `rollback` takes them back", now));
  }
  json steps = json::array();
  std::vector<int> before, after;
  base::Millis hold{0};
  for (const model::Step& step : migration.parsed.spec.steps) {
    const int at = step.weight.value();
    before.push_back(at);
    if (at > now && at <= weight) hold = step.hold;
  }
  bool placed = false;
  const auto add = [&](int at, base::Millis for_how_long) {
    steps.push_back(StepJson(at, for_how_long));
    after.push_back(at);
  };
  for (const model::Step& step : migration.parsed.spec.steps) {
    const int at = step.weight.value();
    if (at > now && !placed) {
      add(weight, hold);
      placed = true;
    }
    if (at <= now || at > weight) add(at, step.hold);
  }
  if (before == after)
    return Fail(ErrorCode::kInvalid, fmt::format("the next step goes to {} % already; `explain` says what it waits for", weight));
  return Change{
      PatchOf({{"plan", {{"shift", {{"steps", steps}}}}}}),
      fmt::format("spec.plan.shift.steps: weights {} -> {}", StepsText(before), StepsText(after)),
      fmt::format("the next step goes to {} %, when the hold and the evidence of the present one allow it: no gate is skipped", weight)};
}

}  // namespace

base::Result<Change> Plan(const Migration& migration, const Wish& wish) {
  if (!migration.parsed.errors.empty()) {
    const model::FieldError& error = migration.parsed.errors.front();
    return Fail(ErrorCode::kInvalid, fmt::format("its spec is invalid, correct it first: {}: {}", error.path, error.message));
  }
  if (migration.deleting) return Fail(ErrorCode::kInvalid, "it is being deleted");
  switch (wish.verb) {
    case Verb::kPromote: return PlanPromote(migration, wish.to);
    case Verb::kPause: return PlanPause(migration, true);
    case Verb::kResume: return PlanPause(migration, false);
    case Verb::kRollback: return PlanRollback(migration);
    case Verb::kRetry: return PlanRetry(migration);
    case Verb::kSetWeight: return PlanSetWeight(migration, wish.weight);
  }
  return Fail(ErrorCode::kInternal, "no such verb");
}

std::string GitNote(const Migration& migration, const Change& change) {
  if (migration.owner.empty()) return "this was written to spec: if the object is kept in Git, write the same there: " + change.patch;
  return fmt::format("{} keeps this object: unless the same is written there, it may undo this: {}", migration.owner, change.patch);
}

}  // namespace softmig::view
