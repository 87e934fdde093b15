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
  const auto now = parts_.data_plane.Read(static_cast<int>(index), static_cast<int>(c));
  const DataPlane::Counters& then = stories_[index].components[c].shown_counters;
  return now.total - then.total >= kLeastRequests;
}

bool Invariants::MayWriteAtRest(const ClusterChange& whole) {
  constexpr Time kBetweenCheckpoints = seconds(60);
  if (whole.kind != Kind::kSoftMigrations) return false;
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    const MigrationPlan& plan = parts_.scenario.migrations[i];
    Story& story = stories_[i];
    if (plan.name != whole.change.name || !plan.evidence || story.record.phase != "Shift") continue;
    const bool first = !story.rest_write;
    const bool paced = first || parts_.loop.now() - *story.rest_write >= kBetweenCheckpoints - seconds(1);
    story.rest_write = parts_.loop.now();
    return paced;
  }
  return false;
}

}  // namespace softmig::simulator
