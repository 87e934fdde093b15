// What is judged when the API server accepts a write.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "kube/core/object.hpp"
#include "model/codec.hpp"
#include "sim/core/invariants.hpp"

namespace softmig::simulator {
namespace {

using nlohmann::json;

constexpr double kRounding = 0.0051;

bool Older(const std::string& a, const std::string& b) { return kube::CompareResourceVersions(a, b) == std::partial_ordering::less; }

bool LegalPhases(const std::string& from, const std::string& to) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kLegal{{{"Pending", "Shift"},
                                                                                        {"Shift", "Complete"},
                                                                                        {"Shift", "RollingBack"},
                                                                                        {"Shift", "Pending"},
                                                                                        {"RollingBack", "RolledBack"},
                                                                                        {"RolledBack", "Pending"},
                                                                                        {"RolledBack", "Shift"},
                                                                                        {"Complete", "Shift"},
                                                                                        {"Complete", "Pending"}}};
  return from == to || std::ranges::find(kLegal, std::pair<std::string_view, std::string_view>(from, to)) != kLegal.end();
}

int NextWeight(const MigrationPlan& plan, int weight) {
  for (const StepPlan& step : plan.steps) {
    if (step.weight > weight) return step.weight;
  }
  return 100;
}

}  // namespace

Invariants::Invariants(const Parts& parts) : parts_(parts) {
  const auto& skews = parts.scenario.skew_millis;
  clocks_differ_ = std::ranges::any_of(skews, [&](int skew) { return skew != skews.front(); });
  for (const MigrationPlan& plan : parts.scenario.migrations) {
    Story story;
    story.components.resize(plan.components.size());
    stories_.push_back(std::move(story));
  }
  parts.cluster.Listen([this](const ClusterChange& change) { OnChange(change); });
}

void Invariants::OnChange(const ClusterChange& whole) {
  if (whole.sender.replica >= 0 && whole.kind != Kind::kLeases) {
    JudgeSender(whole);
    JudgeVersions(whole);
    if (at_rest_ && !MayWriteAtRest(whole)) {
      parts_.checker.Violate(
          parts_.loop.now(), invariant::kQuiet,
          fmt::format("{} wrote {} {} although nothing happens: {}", whole.sender.process, whole.change.resource, whole.change.name,
                      whole.change.before && whole.change.after ? nlohmann::json::diff(*whole.change.before, *whole.change.after).dump()
                                                                : "made or deleted"));
    }
  }
  if (whole.kind == Kind::kHttpRoutes) return OnRoute(whole);
  if (whole.kind != Kind::kSoftMigrations) return;
  for (std::size_t i = 0; i < stories_.size(); ++i) {
    if (parts_.scenario.migrations[i].name == whole.change.name) OnMigration(i, whole);
  }
}

void Invariants::JudgeSender(const ClusterChange& whole) {
  const auto lease = parts_.cluster.server().Find("leases", "softmigration-system", "softmigration-operator");
  const std::string holder = lease ? lease->at("spec").value("holderIdentity", std::string()) : std::string();
  parts_.checker.Require(holder == whole.sender.process, parts_.loop.now(), invariant::kLeaderOnly, [&] {
    return fmt::format("{} wrote {} {} while {} holds the lease", whole.sender.process, whole.change.resource, whole.change.name,
                       holder.empty() ? "nobody" : holder);
  });
}

void Invariants::JudgeVersions(const ClusterChange& whole) {
  const PassView* view = whole.sender.view.get();
  if (view == nullptr) return;
  const auto judge = [&](Kind kind, const std::string& name, const std::string& seen) {
    const auto own = view->acknowledged.find({kind, name});
    if (own == view->acknowledged.end() || seen.empty()) return;
    parts_.checker.Require(!Older(seen, own->second), parts_.loop.now(), invariant::kOwnWrites, [&] {
      return fmt::format("{} decided on {} {} of version {} after it had itself written version {}", whole.sender.process, Plural(kind),
                         name, seen, own->second);
    });
  };
  for (const auto& [name, migration] : view->migrations) {
    const bool alone = view->migrations.size() == 1;
    if (name == whole.change.name || (alone && whole.kind == Kind::kHttpRoutes)) {
      // An object that was made anew counts from the beginning.
      const auto live = parts_.cluster.Find(Kind::kSoftMigrations, name);
      if (live && live->at("metadata").at("uid") == migration->meta.uid)
        judge(Kind::kSoftMigrations, name, migration->meta.resource_version);
    }
  }
  if (whole.kind != Kind::kHttpRoutes) return;
  const auto route = view->routes.find(whole.change.name);
  if (route != view->routes.end() && whole.change.after->at("metadata").at("uid") == route->second->meta.uid) {
    judge(Kind::kHttpRoutes, whole.change.name, route->second->meta.resource_version);
  }
}

void Invariants::OnMigration(std::size_t index, const ClusterChange& whole) {
  Story& story = stories_[index];
  const MigrationRecord before = std::exchange(story.record, whole.change.after ? ReadMigration(*whole.change.after) : MigrationRecord{});
  const MigrationRecord& after = story.record;
  if (before.attempt > 0 && after.attempt != before.attempt) story.attempt_since = parts_.loop.now();
  const auto all_complete = [](const MigrationRecord& record) {
    return !record.components.empty() &&
           std::ranges::all_of(record.components, [](const auto& one) { return one.second.phase == "Complete"; });
  };
  story.seen = true;
  for (std::size_t c = 0; c < story.components.size(); ++c) {
    // Recorded by now: from here on the record is what the route must not exceed.
    const auto found = after.components.find(parts_.scenario.migrations[index].components[c].name);
    if (found == after.components.end() || found->second.phase != "Shift") story.components[c].taken_back.reset();
  }
  if (!before.adopted && after.adopted) NoteOriginals(index);
  // Without the finalizer it is gone at once: what was asked for after it was complete is asked of nobody.
  const bool let_go = all_complete(before) && !after.present && (before.desired == "Complete" || !before.finalizer);
  if (before.adopted && !after.adopted) JudgeGivenBack(index, let_go);
  if (before.present && after.present && whole.sender.replica >= 0) JudgeUnseen(index, whole);
  if (after.present && whole.sender.replica >= 0) {
    JudgeStatus(index, before, after, whole.sender);
    JudgeCheckpoint(index, *whole.change.after);
    ExpectTold(index, before, after, whole.sender, whole.change.after->at("metadata").at("resourceVersion").get<std::string>());
  }
  NoteShown(index);
}

void Invariants::JudgeUnseen(std::size_t index, const ClusterChange& whole) {
  static const json kNone = json::object();
  const auto status = [](const json& object) -> const json& {
    const auto it = object.find("status");
    return it == object.end() ? kNone : *it;
  };
  if (!whole.sender.view || status(*whole.change.before) == status(*whole.change.after)) return;
  const auto seen = whole.sender.view->migrations.find(parts_.scenario.migrations[index].name);
  if (seen == whole.sender.view->migrations.end()) return;
  const auto generation = whole.change.before->at("metadata").at("generation").get<std::int64_t>();
  const bool same = seen->second->meta.generation == generation && seen->second->status == model::ParseStatus(status(*whole.change.before));
  parts_.checker.Require(same, parts_.loop.now(), invariant::kUnseen, [&] {
    return fmt::format("{}: {} wrote a status over one (generation {}) that it had not seen when it decided", whole.change.name,
                       whole.sender.process, generation);
  });
}

void Invariants::JudgeStatus(std::size_t index, const MigrationRecord& before, const MigrationRecord& after, const Sender& sender) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Time now = parts_.loop.now();
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    const std::string& name = plan.components[c].name;
    const auto old = before.components.find(name);
    const auto fresh = after.components.find(name);
    if (fresh == after.components.end()) continue;
    const ComponentRecord was = old == before.components.end() ? ComponentRecord{} : old->second;
    const ComponentRecord& is = fresh->second;
    if (was.phase != is.phase) {
      const bool gives_up = after.deleting && is.phase == "Pending";  // whatever it was at
      parts_.checker.Require(gives_up || LegalPhases(was.phase, is.phase), now, invariant::kTransitions,
                             [&] { return fmt::format("{}/{}: {} to {}", plan.name, name, was.phase, is.phase); });
      if (is.phase == "RollingBack" && after.rollback_component.empty()) {
        parts_.checker.Violate(now, invariant::kTransitions, fmt::format("{}/{}: a rollback without a record of why", plan.name, name));
      }
    }
    if (sender.view && !is.since.empty() && is.since != was.since) {
      stories_[index].components[c].noted_behind = std::max(sender.view->behind, Time(0));
    }
    if (is.weight > was.weight) JudgeRise(index, c, was, sender);
    if (is.weight < was.weight && is.weight != 0) {
      parts_.checker.Violate(now, invariant::kSteps,
                             fmt::format("{}/{}: weight fell from {} to {}", plan.name, name, was.weight, is.weight));
    }
    const auto shows = [&](double wanted, bool accepted) {
      if (!sender.view) return true;
      return std::ranges::all_of(plan.routes, [&](const std::string& route) {
        const auto it = sender.view->routes.find(route);
        if (it == sender.view->routes.end()) return wanted == 0;
        const Share share = ReadShare(RulesOf(it->second->object), plan, plan.components[c]);
        if (share.rules == 0) return true;
        const bool right = wanted == 0 ? share.target == 0 && !share.flagged : share.target > wanted - kRounding;
        return right && (!accepted || IsAccepted(it->second->object));
      });
    };
    if (was.phase != "Complete" && is.phase == "Complete") {
      parts_.checker.Require(shows(1.0, true), now, invariant::kCompleteMeansAll, [&] {
        return fmt::format("{}/{} is Complete, but its routes do not send everybody to the target", plan.name, name);
      });
    }
    if (was.phase == "RollingBack" && is.phase == "RolledBack") {
      parts_.checker.Require(shows(0, true) && (after.rollback_component != name || after.rollback_verified), now, invariant::kVerified,
                             [&] { return fmt::format("{}/{} is RolledBack, but that was not seen on its routes", plan.name, name); });
    }
  }
}

void Invariants::JudgeRise(std::size_t index, std::size_t c, const ComponentRecord& was, const Sender& sender) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const ComponentRecord& is = stories_[index].record.components[plan.components[c].name];
  parts_.checker.Require(is.weight == NextWeight(plan, was.weight) && is.phase == "Shift", parts_.loop.now(), invariant::kSteps, [&] {
    return fmt::format("{}/{}: weight rose from {} to {} in {}", plan.name, plan.components[c].name, was.weight, is.weight, is.phase);
  });
  if (!sender.view) return;
  JudgeGates(plan, sender);
  JudgeEvidence(index, c, was.weight, *sender.view);
  JudgeHold(index, c, was, *sender.view);
}

void Invariants::JudgeGates(const MigrationPlan& plan, const Sender& sender) {
  const PassView& view = *sender.view;
  std::string closed;
  for (const std::string& service : {plan.legacy, plan.target}) {
    const auto ready = view.ready.find(service);
    if (ready == view.ready.end() || ready->second == 0) closed = fmt::format("Service {} does not answer", service);
  }
  for (const std::string& route : plan.routes) {
    const auto object = view.routes.find(route);
    if (object == view.routes.end() || !IsAccepted(object->second->object)) closed = fmt::format("route {} is not accepted", route);
  }
  const auto migration = view.migrations.find(plan.name);
  if (migration == view.migrations.end() || !migration->second->spec) {
    closed = "there is no valid SoftMigration";
  } else {
    if (migration->second->spec->paused) closed = "it is paused";
    if (migration->second->spec->desired_phase == model::DesiredPhase::kPending) closed = "desiredPhase is Pending";
    if (migration->second->meta.deleting) closed = "it is being deleted";
  }
  parts_.checker.Require(closed.empty(), parts_.loop.now(), invariant::kGates,
                         [&] { return fmt::format("{}: {} raised a weight although {}", plan.name, sender.process, closed); });
}

void Invariants::JudgeEvidence(std::size_t index, std::size_t c, int from, const PassView& view) {
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const Time stale_after = std::max<Time>(seconds(3 * plan.interval_seconds), seconds(15)) + seconds(1);
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const auto it = view.metrics.find({static_cast<int>(index), static_cast<int>(c), static_cast<int>(m)});
    const MetricFacts facts = it == view.metrics.end() ? MetricFacts{} : it->second;
    std::string wrong;
    if (facts.last == Evidence::kNone) wrong = "was never answered";
    if (facts.last == Evidence::kError) wrong = "gives no number";
    // Without users there is nothing to count: what is bad in the numbers are others' past.
    // One bad window among many good ones is not what evidence looks at.
    const bool bad = plan.evidence && plan.metrics[m].counts ? facts.bad_in_a_row >= facts.bad_needed : facts.last == Evidence::kBad;
    if (bad && (from > 0 || !plan.metrics[m].counts)) wrong = "is out of bounds";
    if (view.at - facts.last_at > stale_after) wrong = "is stale";
    if (from > 0) {
      if (facts.last == Evidence::kNoData) wrong = "has no data";
      const Time reached = stories_[index].components[c].shown_since;
      const bool fresh = plan.evidence && plan.metrics[m].counts
                             ? EnoughSeen(index, c)
                             : std::ranges::any_of(facts.good_asked, [&](Time asked) { return asked >= reached; });
      if (!fresh) wrong = "has not been good since the step was reached";
    }
    parts_.checker.Require(wrong.empty(), parts_.loop.now(), invariant::kEvidence, [&] {
      return fmt::format("{}/{}: weight rises from {} although metric {} {}", plan.name, plan.components[c].name, from,
                         plan.metrics[m].name, wrong);
    });
  }
}

void Invariants::JudgeHold(std::size_t index, std::size_t c, const ComponentRecord& was, const PassView& view) {
  if (clocks_differ_ || was.weight == 0) return;
  const MigrationPlan& plan = parts_.scenario.migrations[index];
  const auto step = std::ranges::find(plan.steps, was.weight, &StepPlan::weight);
  if (step == plan.steps.end()) return;
  const Time held = view.at - stories_[index].components[c].shown_since;
  // Status and clocks have whole milliseconds.
  parts_.checker.Require(held + milliseconds(2) >= seconds(step->hold_seconds), parts_.loop.now(), invariant::kHolds, [&] {
    return fmt::format("{}/{}: left {} % after {} s instead of {} s", plan.name, plan.components[c].name, was.weight,
                       std::chrono::duration<double>(held).count(), step->hold_seconds);
  });
}

}  // namespace softmig::simulator
