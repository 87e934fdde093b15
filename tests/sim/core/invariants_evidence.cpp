// What status says that the evidence rests on, against what the users really did.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/core/invariants.hpp"

namespace softmig::simulator {

using nlohmann::json;

void Invariants::JudgeCheckpoint(std::size_t index, const json& object) {
  if (clock_jumped_) return;  // after a clock was set back far, some of what came before is counted again
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const json records = object.value(json::json_pointer("/status/checkpoint/evidence"), json::array());
  for (const json& record : records) {
    const auto component = std::ranges::find(plan.components, record.at("component").get<std::string>(), &ComponentPlan::name);
    if (component == plan.components.end()) continue;
    const json state = json::parse(record.at("state").get<std::string>());
    const auto number = [&](std::size_t place) { return std::stod(state.at("total").at(place).get<std::string>()); };
    const auto real = parts_.data_plane.Read(static_cast<int>(index), static_cast<int>(component - plan.components.begin()));
    parts_.checker.Exercised(invariant::kOnce);
    parts_.checker.Require(number(0) <= real.total && number(1) <= real.bad, parts_.loop.now(), invariant::kOnce, [&] {
      return fmt::format("{}/{}: evidence on {} requests, {} of them bad; there were {} and {}", plan.name, component->name, number(0),
                         number(1), real.total, real.bad);
    });
  }
}

bool Invariants::EnoughSeen(std::size_t index, std::size_t c) {
  // So many good requests and not one bad give odds of 100 to 1 against a rate of 5 % (4.9 % where somebody edited it); 103 by the mixture.
  constexpr double kLeastRequests = 102;
  const ComponentStory& story = stories_[index].components[c];
  const auto requests = [&](Time at) { return parts_.data_plane.RequestsAt(static_cast<int>(index), static_cast<int>(c), at); };
  return requests(parts_.loop.now()) - requests(story.shown_since - story.noted_behind) >= kLeastRequests;
}

bool Invariants::MayWriteAtRest(const ClusterChange& whole) {
  // A verdict may still change while evidence gathers, and each change takes two writes at most.
  constexpr int kChanges = 4;
  constexpr Time kGrowsOld = seconds(60);
  if (whole.kind != Kind::kSoftMigrations) return false;
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    const MigrationPlan& plan = parts_.scenario.migrations[i];
    Story& story = stories_[i];
    if (plan.name != whole.change.name) continue;
    // What the last requests said before traffic ended grows old, once.
    if (!plan.evidence) return parts_.loop.now() - rest_since_ < kGrowsOld && ++story.rest_writes <= 1;
    // A migration that is paused, or whose components differ, has another phase than the one that is judged.
    if (std::ranges::none_of(story.record.components, [](const auto& one) { return one.second.phase == "Shift"; })) continue;
    const auto minutes_at_rest =
        static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(parts_.loop.now() - rest_since_).count());
    return ++story.rest_writes <= minutes_at_rest + kChanges;
  }
  return false;
}

}  // namespace softmig::simulator
