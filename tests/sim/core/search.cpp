#include "sim/core/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace softmig::simulator {
namespace {

/// A decision counts as near a change when it is this close to one, before or after.
constexpr std::size_t kNear = 10;
/// A second deviation is looked for within so many decisions after the first.
constexpr std::size_t kReach = 24;

using Deviation = std::pair<std::size_t, int>;  // place, choice

/// Follows the ordinary course but for the deviations, and notes where there was a choice.
class Follower final : public Chooser {
 public:
  explicit Follower(const std::vector<Deviation>& deviations) : deviations_(deviations) {}

  int Choose(int n) override {
    const std::size_t place = options_.size();
    options_.push_back(n);
    const auto it = std::ranges::find(deviations_, place, &Deviation::first);
    return it == deviations_.end() ? 0 : std::min(it->second, n - 1);
  }
  void Mark() override { marks_.push_back(options_.size()); }

  [[nodiscard]] bool IsNear(std::size_t place) const {
    return std::ranges::any_of(marks_, [&](std::size_t mark) { return place + kNear >= mark && place <= mark + kNear; });
  }
  [[nodiscard]] const std::vector<int>& options() const { return options_; }

 private:
  const std::vector<Deviation>& deviations_;
  std::vector<int> options_;
  std::vector<std::size_t> marks_;
};

struct World {
  std::string name;
  int replicas = 1;
  FaultPlan plan;
};

std::vector<World> Worlds() {
  return {{"completes", 1, {}},
          {"rolls-back", 2, {{FaultKind::kBreach, milliseconds(4'500), Time(0), 0, 0, 0}}},
          {"is-deleted", 1, {{FaultKind::kDelete, milliseconds(3'200), Time(0), 0, 0, 0}}}};
}

class Searcher {
 public:
  Searcher(int depth, std::uint64_t most, StackPool& stacks) : depth_(depth), most_(most), stacks_(stacks) {}

  SearchResult Run() {
    for (const World& world : Worlds()) {
      world_ = &world;
      Explore({});
      if (result_.violation) break;
    }
    return result_;
  }

 private:
  /// Runs the schedule, then each with one deviation more, later than those there are.
  void Explore(const std::vector<Deviation>& deviations) {
    if (result_.violation || result_.schedules >= most_) return;
    Follower follower(deviations);
    RunOptions options;
    Scenario scenario = SmallScenario(world_->replicas);
    scenario.lease_seconds = 30;
    scenario.renew_seconds = 27;
    scenario.retry_millis = 8'000;
    options.scenario = scenario;
    options.plan = world_->plan;
    options.seed = 1;
    options.short_rest = true;
    options.chooser = &follower;
    const RunResult run = RunOnce(options, stacks_);
    ++result_.schedules;
    result_.events += run.events;
    if (run.violation) {
      result_.violation = run.violation;
      result_.world = world_->name;
      for (const auto& [place, choice] : deviations) result_.schedule += fmt::format("{}:{} ", place, choice);
      return;
    }
    if (static_cast<int>(deviations.size()) >= depth_) return;
    const std::size_t from = deviations.empty() ? 0 : deviations.back().first + 1;
    const std::size_t to = deviations.empty() ? follower.options().size() : std::min(follower.options().size(), from + kReach);
    for (std::size_t place = from; place < to; ++place) {
      if (!follower.IsNear(place)) continue;
      for (int choice = 1; choice < follower.options()[place]; ++choice) {
        std::vector<Deviation> more = deviations;
        more.emplace_back(place, choice);
        Explore(more);
      }
    }
  }

  const int depth_;
  const std::uint64_t most_;
  StackPool& stacks_;
  const World* world_ = nullptr;
  SearchResult result_;
};

}  // namespace

SearchResult Search(int depth, std::uint64_t most, StackPool& stacks) { return Searcher(depth, most, stacks).Run(); }

}  // namespace softmig::simulator
