#include "reconcile/count_poll.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/codec.hpp"
#include "providers/counter_query.hpp"

namespace softmig::reconcile {
namespace {

using model::MetricSpec;
using model::Reading;
using model::Verdict;

base::WallTime FloorTo(base::WallTime time, base::Millis step) {
  const auto since = time.time_since_epoch();
  return base::WallTime(since / step * step);
}

std::vector<std::string> QueriesOf(const MetricSpec::Counts::Queries& side, const providers::TemplateValues& values) {
  if (!side.histogram.empty()) return {providers::FillPlaceholders(side.histogram, values)};
  return {providers::FillPlaceholders(side.bad, values), providers::FillPlaceholders(side.total, values)};
}

Reading ErrorReading(std::string message) { return {Reading::Kind::kError, 0, std::move(message)}; }

/// Of one side at one instant; `from` is the place of its first query.
std::pair<Reading, Reading> SideAt(const CountPlan& plan, const std::vector<CountAnswer>& answers, std::size_t from, std::size_t instant) {
  const auto at = [&](const std::vector<Reading>& readings) {
    return instant < readings.size() ? readings[instant] : ErrorReading("the answer is shorter than what was asked for");
  };
  if (plan.is_histogram) return {at(answers[from].values), at(answers[from].totals)};
  return {at(answers[from].values), at(answers[from + 1].values)};
}

std::size_t QueriesOfASide(const CountPlan& plan) { return plan.is_histogram ? 1 : 2; }

const std::string* FirstError(const std::vector<CountAnswer>& answers, std::size_t from, std::size_t count) {
  for (std::size_t i = from; i < std::min(from + count, answers.size()); ++i) {
    if (!answers[i].error.empty()) return &answers[i].error;
  }
  return nullptr;
}

bool NeedsLegacy(const CountPlan& plan) { return plan.rule->settings().kind == analysis::EvidenceSettings::Kind::kRelative; }

CountResult Failed(const CountPlan& plan, CountMemory memory, const std::string& why, base::WallTime now) {
  analysis::Judgement judgement;
  judgement.verdict = Verdict::kError;
  judgement.at = now;
  judgement.window_start = now;
  judgement.evidence = fmt::format("{}: {}", plan.address, why);
  return {std::move(memory), std::move(judgement), nullptr};
}

}  // namespace

base::Result<CountPlan> PlanCounts(const model::Spec& spec, const MetricSpec& metric, providers::TemplateValues values,
                                   std::int64_t attempt) {
  CountPlan plan;
  plan.address = metric.address;
  plan.is_histogram = !metric.counts->target.histogram.empty();
  plan.has_legacy = metric.counts->legacy.has_value();
  plan.bucket = metric.counts->bucket;
  values.service = values.target;
  if (!model::IsOfBridge(metric)) plan.queries = QueriesOf(metric.counts->target, values);
  if (plan.has_legacy) {
    values.service = values.legacy;
    for (std::string& query : QueriesOf(*metric.counts->legacy, values)) plan.queries.push_back(std::move(query));
  }
  for (const std::string& query : plan.queries) {
    if (const auto why = providers::NotACounter(query)) return base::Fail(base::ErrorCode::kInvalid, *why);
  }
  auto rule = analysis::RuleFor(spec, metric,
                                fmt::format("{} {} {} le={} attempt={}", model::SourceText(metric), values.component,
                                            fmt::join(plan.queries, " | "), plan.bucket, attempt));
  if (!rule) return base::Fail(rule.error().code, rule.error().message);
  plan.rule = std::make_shared<const analysis::EvidenceRule>(std::move(*rule));
  return plan;
}

base::Millis LongestWait(base::Millis interval) { return std::max<base::Millis>(interval * 3, std::chrono::seconds(15)); }

std::optional<Instants> NextInstants(const CountMemory& memory, base::WallTime now, base::Millis interval, base::Millis delay) {
  const base::WallTime last = FloorTo(now - delay, interval);
  base::WallTime first = last;
  if (memory.asked_until) {
    if (last <= *memory.asked_until) {
      const bool set_back = *memory.asked_until - last > LongestWait(interval);
      return set_back ? std::optional(Instants{last, last, interval}) : std::nullopt;
    }
    first = FloorTo(*memory.asked_until, interval) + interval;
  } else if (const auto& end = memory.state.evidence.last_window_end; end && last > *end) {
    first = FloorTo(std::max(*end, last - kLongestReplay) - kLookBack, interval);
  }
  first = std::max(first, FloorTo(last - kLongestReplay - kLookBack, interval));
  return Instants{first, std::min(last, first + interval * (kMostInstants - 1)), interval};
}

base::Result<http::Request> RequestFor(const providers::MetricProvider& provider, const CountPlan& plan, std::size_t query,
                                       const Instants& instants) {
  if (instants.IsOne()) return provider.Request({plan.address, plan.queries[query], instants.first});
  return provider.RangeRequest({plan.address, plan.queries[query], instants.first, instants.last, instants.step});
}

CountAnswer ReadAnswer(const providers::MetricProvider& provider, const CountPlan& plan, std::size_t query, const Instants& instants,
                       const http::Response& response) {
  CountAnswer answer;
  if (instants.IsOne()) {
    if (plan.is_histogram) {
      auto both = provider.ParseHistogram(response, plan.bucket);
      answer.values.push_back(std::move(both.above));
      answer.totals.push_back(std::move(both.total));
    } else {
      answer.values.push_back(provider.Parse(response));
    }
    if (answer.values[0].kind == Reading::Kind::kError) answer.error = answer.values[0].message;
    return answer;
  }
  const providers::RangeQuery range{plan.address, plan.queries[query], instants.first, instants.last, instants.step};
  if (plan.is_histogram) {
    auto both = provider.ParseHistogramRange(response, range, plan.bucket);
    answer.error = std::move(both.error);
    for (providers::HistogramReadings& one : both.readings) {
      answer.values.push_back(std::move(one.above));
      answer.totals.push_back(std::move(one.total));
    }
    return answer;
  }
  auto readings = provider.ParseRange(response, range);
  return {std::move(readings.error), std::move(readings.readings), {}};
}

CountResult TakeAnswers(const CountPlan& plan, CountMemory memory, const CountAnswers& asked, const analysis::StageInfo& stage,
                        base::WallTime now) {
  const auto& [instants, answers] = asked;
  const std::size_t side = QueriesOfASide(plan);
  if (const auto* error = FirstError(answers, 0, side)) return Failed(plan, std::move(memory), *error, now);
  const auto* legacy_error = FirstError(answers, side, side);
  if (legacy_error != nullptr && NeedsLegacy(plan)) return Failed(plan, std::move(memory), "legacy: " + *legacy_error, now);
  // Counters of another time begin anew where the clock was set back by more than we wait for.
  if (memory.state.evidence.last_window_end && *memory.state.evidence.last_window_end - instants.last > LongestWait(instants.step)) {
    memory.state.evidence.last_window_end.reset();
  }
  analysis::CountsOutcome outcome{std::move(memory.state), Verdict::kPass, {}};
  for (std::size_t i = 0; i < instants.Count(); ++i) {
    analysis::CountReadings readings;
    readings.instant = instants.first + instants.step * i;
    std::tie(readings.bad, readings.total) = SideAt(plan, answers, 0, i);
    if (plan.has_legacy && legacy_error == nullptr) {
      std::tie(readings.legacy_bad, readings.legacy_total) = SideAt(plan, answers, side, i);
    }
    outcome = analysis::TakeInstant(*plan.rule, std::move(outcome.state), readings, stage);
  }
  analysis::CountsView view{plan.rule, outcome.state.evidence, analysis::Assess(*plan.rule, outcome.state.evidence),
                            outcome.state.legacy_per_second};
  analysis::Judgement judgement = analysis::JudgeCounts(view, outcome, now);
  if (outcome.problem == Verdict::kNoData && legacy_error != nullptr) {
    // Without users the target has no numbers yet; that the question is wrong shows on legacy's side.
    judgement.verdict = Verdict::kError;
    judgement.evidence = "legacy: " + *legacy_error;
  }
  if (outcome.problem != Verdict::kPass) judgement.evidence = fmt::format("{}: {}", plan.address, judgement.evidence);
  memory.state = std::move(outcome.state);
  memory.asked_until = instants.last;
  return {std::move(memory), std::move(judgement), std::make_shared<const analysis::CountsView>(std::move(view))};
}

}  // namespace softmig::reconcile
