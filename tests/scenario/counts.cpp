#include "scenario/counts.hpp"

#include <fmt/format.h>

#include <cmath>

#include "model/checkpoint.hpp"

namespace softmig::scenario {
namespace {

using model::Reading;

Reading Number(double number) { return {Reading::Kind::kNumber, number, {}, 1}; }
Reading Without(Reading::Kind kind) { return {kind, 0, kind == Reading::Kind::kError ? "503: the source is away" : ""}; }

}  // namespace

std::pair<double, double> SideCounters::Stretch::CountsAt(WallTime instant) const {
  const double seconds = std::chrono::duration<double>(instant - from).count();
  return {std::floor(total + per_second * seconds), std::floor(bad + bad_per_second * seconds)};
}

const SideCounters::Stretch& SideCounters::Of(WallTime instant) const {
  const auto later = std::ranges::find_if(stretches_, [&](const Stretch& stretch) { return stretch.from > instant; });
  return later == stretches_.begin() ? stretches_.front() : *std::prev(later);
}

SideCounters::Stretch& SideCounters::Next(WallTime now) {
  Stretch next = stretches_.back();
  std::tie(next.total, next.bad) = next.CountsAt(now);
  next.from = now;
  stretches_.push_back(next);
  return stretches_.back();
}

void SideCounters::Grow(WallTime now, double total, double bad) {
  Stretch& next = Next(now);
  next.per_second = total;
  next.bad_per_second = bad;
}

void SideCounters::Answer(WallTime now, Answers how) { Next(now).how = how; }

std::pair<Reading, Reading> SideCounters::At(WallTime instant) const {
  const Stretch& stretch = Of(instant);
  const auto [total, bad] = stretch.CountsAt(stretch.how == Answers::kStandsStill ? stretch.from : instant);
  switch (stretch.how) {
    case Answers::kWell:
    case Answers::kStandsStill: return {Number(bad), Number(total)};
    case Answers::kGone: return {Without(Reading::Kind::kNoData), Without(Reading::Kind::kNoData)};
    case Answers::kBadGone: return {Without(Reading::Kind::kNoData), Number(total)};
    case Answers::kNaN: return {Without(Reading::Kind::kNaN), Without(Reading::Kind::kNaN)};
    case Answers::kError: return {Without(Reading::Kind::kError), Without(Reading::Kind::kError)};
    case Answers::kNegative: return {Number(-1), Number(total)};
    case Answers::kBadAboveTotal: return {Number(total + 1), Number(total)};
  }
  return {};
}

void CountedMetric::Forget() {
  about_.clear();
  plan_.reset();
  memory_ = {};
  seen_.reset();
}

void CountedMetric::Begin(const World& world, const std::string& component, const model::MetricSpec& metric) {
  plan_ =
      reconcile::PlanCounts(world.spec, metric, {"shop", "payments", component, world.spec.legacy.service, world.spec.target.service, {}},
                            world.status.attempt)
          .value();
  const auto* record = model::FindRecord(world.status.checkpoint, component, metric.name);
  auto evidence = record != nullptr ? analysis::FromText(record->state, *plan_->rule) : std::nullopt;
  if (evidence) memory_.state.evidence = std::move(*evidence);
}

std::vector<reconcile::CountAnswer> CountedMetric::Ask(const reconcile::Instants& instants, WallTime now) const {
  std::vector<reconcile::CountAnswer> answers;
  for (const SideCounters* side : {&target, &legacy}) {
    reconcile::CountAnswer bad, total;
    for (WallTime at = instants.first; at <= instants.last; at += instants.step) {
      auto both = side->At(std::min(at, now - late));
      // A source that is away has no past either: the question fails as a whole.
      if (both.first.kind == Reading::Kind::kError && at == instants.last) bad.error = both.first.message;
      bad.values.push_back(std::move(both.first));
      total.values.push_back(std::move(both.second));
    }
    answers.push_back(std::move(bad));
    answers.push_back(std::move(total));
  }
  return answers;
}

void CountedMetric::Poll(const World& world, const std::string& component, const model::MetricSpec& metric) {
  if (!decide::WantsMetrics(world.spec, world.status, component)) return Forget();
  const std::string about = fmt::format("{} {}", model::EvidenceHash(world.spec), world.status.attempt);
  if (about != about_) {
    Forget();
    Begin(world, component, metric);
    about_ = about;
  }
  const auto state = std::ranges::find(world.status.components, component, &model::ComponentStatus::name);
  while (const auto instants = reconcile::NextInstants(memory_, world.now, world.spec.interval, world.spec.delay)) {
    auto result =
        reconcile::TakeAnswers(*plan_, std::move(memory_), {*instants, Ask(*instants, world.now)}, analysis::StageOf(*state), world.now);
    memory_ = std::move(result.memory);
    decide::MetricObservation seen = seen_.value_or(decide::MetricObservation());
    if (result.view) seen.counts = std::move(result.view);
    const bool failed = result.judgement.verdict == model::Verdict::kError;
    seen.latest = std::move(result.judgement);
    seen_ = std::move(seen);
    if (failed) return;  // asked again at the next poll
  }
}

std::string CountedMetric::Describe() const {
  if (!seen_ || !seen_->latest) return "not asked yet";
  const auto& latest = *seen_->latest;
  std::string text(model::Name(latest.verdict));
  if (!latest.evidence.empty()) text += ": " + latest.evidence;
  if (seen_->counts) text += "\n  " + analysis::Describe(*seen_->counts);
  return text;
}

}  // namespace softmig::scenario
