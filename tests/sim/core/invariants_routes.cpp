// What is judged when the API server accepts a change of a route.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/core/invariants.hpp"

namespace softmig::simulator {
namespace {

using nlohmann::json;

constexpr double kRounding = 0.0051;

/// What a route that was made from a template bears.
std::string MarkOf(const std::shared_ptr<const json>& object) {
  return object ? object->value("/metadata/annotations/softmigration.io~1template"_json_pointer, std::string()) : std::string();
}

bool WasMadeFor(const std::shared_ptr<const json>& object, const MigrationPlan& plan) {
  return MarkOf(object).find("\"for\":\"" + plan.name + "\"") != std::string::npos;
}

}  // namespace

void Invariants::OnRoute(const ClusterChange& whole) {
  const Change& change = whole.change;
  const bool same = change.before && change.after && RulesOf(*change.before) == RulesOf(*change.after);
  if (same) return;
  if (whole.sender.replica >= 0 && change.before) JudgeForeign(whole);
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    const MigrationPlan& plan = parts_.scenario.migrations[i];
    if (std::ranges::find(plan.routes, change.name) == plan.routes.end()) continue;
    if (whole.sender.replica < 0) EraseMarks(stories_[i], change.name);
    if (whole.sender.replica >= 0 && !change.before) {
      JudgeMade(i, whole);
    } else if (whole.sender.replica >= 0) {
      JudgeRouteWrite(i, whole);
    } else if (!change.before && change.after) {
      stories_[i].originals[change.name] = RulesText(RulesOf(*change.after), plan);  // made anew
      stories_[i].edited[change.name] = false;
    } else {
      stories_[i].edited[change.name] = true;
    }
  }
  ReadShares(change.name);
  for (std::size_t i = 0; i < stories_.size(); ++i) NoteShown(i);
}

/// A route that is made from a template sends everybody where they are recorded to be; before anything is recorded, to legacy.
void Invariants::JudgeMade(std::size_t index, const ClusterChange& whole) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  const json& rules = RulesOf(*whole.change.after);
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    const auto recorded = story.record.components.find(plan.components[c].name);
    const bool known = story.record.adopted && recorded != story.record.components.end();
    const double wanted = known ? recorded->second.weight / 100.0 : 0;
    const Share is = ReadShare(rules, plan, plan.components[c]);
    // Whoever took users back without having recorded it makes it at 0.
    const std::optional<TakenBack>& taken_back = story.components[c].taken_back;
    const bool back = taken_back && taken_back->by == whole.sender.process && is.target == 0;
    parts_.checker.Require(
        plan.managed && is.rules > 0 && (back || std::abs(is.target - wanted) < kRounding), parts_.loop.now(), invariant::kMade, [&] {
          return fmt::format("{}/{}: {} makes route {} with {} % on the target, recorded are {} %", plan.name, plan.components[c].name,
                             whole.sender.process, whole.change.name, is.target * 100, wanted * 100);
        });
  }
  if (!story.record.adopted) story.templates[whole.change.name] = RulesText(rules, plan);
  const auto original = story.templates.find(whole.change.name);
  story.edited[whole.change.name] = original == story.templates.end();
  if (original != story.templates.end()) story.originals[whole.change.name] = original->second;
}

void Invariants::EraseMarks(Story& story, const std::string& route) {
  for (ComponentStory& component : story.components) {
    if (component.taken_back) component.taken_back->marked.erase(route);
  }
}

void Invariants::JudgeRouteWrite(std::size_t index, const ClusterChange& whole) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Story& story = stories_[index];
  const Time now = parts_.loop.now();
  const json& after = RulesOf(*whole.change.after);
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    const Share was = ReadShare(RulesOf(*whole.change.before), plan, plan.components[c]);
    const Share is = ReadShare(after, plan, plan.components[c]);
    const std::string who = fmt::format("{}/{} on {}", plan.name, plan.components[c].name, whole.change.name);
    JudgeReturn(index, c, whole, {was.target, is.target});
    // A proxy may forget a backend before it stops sending to it. A gateway that misbehaves is not waited for, nor is anybody's edit.
    const auto edited = story.edited.find(whole.change.name);
    const bool alone = edited != story.edited.end() && !edited->second;
    if (was.named && !is.named && alone && !parts_.data_plane.touched(whole.change.name)) {
      const double runs = parts_.data_plane.Runs(whole.change.name, static_cast<int>(index), static_cast<int>(c));
      parts_.checker.Require(runs == 0, now, invariant::kNotDropped, [&] {
        return fmt::format("{}: {} takes the target out while the gateway sends {} % to it", who, whole.sender.process, runs * 100);
      });
    }
    const auto recorded = story.record.components.find(plan.components[c].name);
    const double limit = recorded == story.record.components.end() ? 0 : recorded->second.weight / 100.0;
    const bool rises = is.target > was.target + kRounding || (is.flagged && !was.flagged);
    const auto original = story.originals.find(whole.change.name);
    const bool restored = original != story.originals.end() && RulesText(after, plan) == original->second;
    if (rises && !restored) {
      parts_.checker.Require(is.target <= limit + kRounding && (!is.flagged || limit > 0), now, invariant::kFollowsRecord, [&] {
        return fmt::format("{}: {} % written by {}, recorded are {} %", who, is.target * 100, whole.sender.process, limit * 100);
      });
      parts_.checker.Require(story.record.finalizer, now, invariant::kFinalizer,
                             [&] { return fmt::format("{}: users are moved without a finalizer", who); });
    }
    const PassView* view = whole.sender.view.get();
    if (view == nullptr || std::abs(is.target - was.target) < kRounding) continue;
    const auto serves = [&](const std::string& service) {
      const auto it = view->ready.find(service);
      return it != view->ready.end() && it->second > 0;
    };
    const std::string& to = is.target > was.target ? plan.target : plan.legacy;
    const std::string& from = is.target > was.target ? plan.legacy : plan.target;
    // Putting back what somebody else changed in between is judged by the record, not by the direction.
    const bool finishing = recorded != story.record.components.end() && !recorded->second.since.empty();
    if (finishing && is.target > was.target) continue;
    parts_.checker.Require(serves(to) || !serves(from), now, invariant::kDeadSide,
                           [&] { return fmt::format("{}: users go from {} to {}, which is known not to answer", who, from, to); });
  }
}

/// Users that were taken back before it was recorded must not be sent to the target again by whoever does not find the record. A process
/// that comes later finds it on a route; where somebody else wrote all of those since, nothing is left to find.
void Invariants::JudgeReturn(std::size_t index, std::size_t c, const ClusterChange& whole, const ShareChange& target) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  const auto found = story.record.components.find(plan.components[c].name);
  if (found == story.record.components.end()) return;
  std::optional<TakenBack>& taken_back = story.components[c].taken_back;
  const bool unrecorded = found->second.phase == "Shift" && found->second.weight > 0 && story.record.desired != "Pending";
  if (target.was > 0 && target.is == 0 && unrecorded && !story.record.deleting) {
    if (!taken_back || taken_back->by != whole.sender.process) taken_back = TakenBack{story.record.attempt, whole.sender.process};
    taken_back->marked.insert(whole.change.name);
    parts_.checker.Exercised(invariant::kNoReturn);
    return;
  }
  if (!taken_back || target.is <= target.was + kRounding) return;
  const bool can_know = taken_back->by == whole.sender.process || !taken_back->marked.empty();
  parts_.checker.Require(taken_back->attempt != story.record.attempt || !can_know, parts_.loop.now(), invariant::kNoReturn, [&] {
    return fmt::format("{}/{}: users were taken back in attempt {} and are sent to the target again", plan.name, plan.components[c].name,
                       taken_back->attempt);
  });
}

/// An operator's write changes backends of rules that are moved, and rules of its own. Nothing else.
void Invariants::JudgeForeign(const ClusterChange& whole) {
  const MigrationPlan* maker = MakerOf(parts_.scenario, whole.change.name);
  // Its template, which says all of it.
  if (maker != nullptr && WasMadeFor(whole.change.before, *maker) && MarkOf(whole.change.before) != MarkOf(whole.change.after)) return;
  const auto others = [&](const json& object) {
    std::string text;
    for (const json& rule : RulesOf(object)) {
      const bool moved = std::ranges::any_of(parts_.scenario.migrations,
                                             [&](const MigrationPlan& plan) { return !RulesText(json::array({rule}), plan).empty(); });
      if (rule.value("name", std::string()).starts_with("softmig-")) continue;
      json kept = rule;
      if (moved) kept.erase("backendRefs");
      text += kept.dump() + "\n";
    }
    json rest = object.at("spec");
    rest.erase("rules");
    return text + rest.dump() + object.at("metadata").value("labels", json()).dump();
  };
  const std::string before = others(*whole.change.before);
  const std::string after = others(*whole.change.after);
  parts_.checker.Require(before == after, parts_.loop.now(), invariant::kForeign, [&] {
    return fmt::format("{} changed what is not its own in route {}: from\n{}\nto\n{}", whole.sender.process, whole.change.name, before,
                       after);
  });
}

void Invariants::NoteOriginals(std::size_t index) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  for (const std::string& route : plan.routes) {
    const auto object = parts_.cluster.Find(Kind::kHttpRoutes, route);
    stories_[index].originals[route] = object ? RulesText(RulesOf(*object), plan) : std::string();
    stories_[index].edited[route] = false;
    const auto made = stories_[index].templates.find(route);
    if (made != stories_[index].templates.end() && WasMadeFor(object, plan)) stories_[index].originals[route] = made->second;
  }
}

void Invariants::JudgeGivenBack(std::size_t index, bool left_complete) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  Story& story = stories_[index];
  for (const std::string& route : plan.routes) {
    const auto object = parts_.cluster.Find(Kind::kHttpRoutes, route);
    if (!object) continue;
    const std::string text = RulesText(RulesOf(*object), plan);
    const bool alone = std::ranges::count_if(parts_.scenario.migrations, [&](const MigrationPlan& other) {
                         return std::ranges::find(other.routes, route) != other.routes.end();
                       }) == 1;
    std::string wrong;
    if (alone && HasOwnRules(RulesOf(*object))) wrong = "rules of ours are left behind";
    if (!left_complete && !story.edited[route] && text != story.originals[route]) {
      wrong = fmt::format("its rules are\n{}instead of\n{}", text, story.originals[route]);
    }
    parts_.checker.Require(wrong.empty(), parts_.loop.now(), invariant::kRestored,
                           [&] { return fmt::format("{} lets go of route {}, but {}", plan.name, route, wrong); });
  }
}

void Invariants::ReadShares(const std::string& route) {
  const auto object = parts_.cluster.Find(Kind::kHttpRoutes, route);
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    const MigrationPlan& plan = parts_.scenario.migrations[i];
    if (std::ranges::find(plan.routes, route) == plan.routes.end()) continue;
    for (std::size_t c = 0; c < plan.components.size(); ++c) {
      auto& shares = stories_[i].components[c].shares;
      if (object) {
        shares[route] = ReadShare(RulesOf(*object), plan, plan.components[c]);
      } else {
        shares.erase(route);
      }
    }
  }
}

void Invariants::NoteShown(std::size_t index) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    ComponentStory& component = stories_[index].components[c];
    const auto record = stories_[index].record.components.find(plan.components[c].name);
    const double wanted = record == stories_[index].record.components.end() ? 0 : record->second.weight / 100.0;
    const bool shown = std::ranges::all_of(
        component.shares, [&](const auto& one) { return one.second.rules == 0 || std::abs(one.second.target - wanted) < kRounding; });
    if (shown && !component.shown) component.shown_since = parts_.loop.now();
    component.shown = shown;
  }
}

}  // namespace softmig::simulator
