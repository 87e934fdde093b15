#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/counts_judge.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"
#include "providers/metric_provider.hpp"
#include "providers/template.hpp"

/// How counts are asked for: at instants that are multiples of the interval, each once and in order, so that windows neither overlap nor
/// leave a gap; what was missed is asked for as a range. Pure, no threads.
namespace softmig::reconcile {

/// What is asked about one metric of one component. Immutable.
struct CountPlan {
  std::shared_ptr<const analysis::EvidenceRule> rule;
  std::string address;
  std::vector<std::string> queries;  ///< the target's, then legacy's: bad and total, or a histogram
  bool is_histogram = false;
  bool has_legacy = false;
  double bucket = 0;
};

/// kInvalid with the reason where a query is no counter or the settings make no sense. `values.service` is not looked at. `attempt`:
/// another one is about another target, so its evidence begins anew. REQUIRES: UsesEvidence(metric).
base::Result<CountPlan> PlanCounts(const model::Spec& spec, const model::MetricSpec& metric, providers::TemplateValues values,
                                   std::int64_t attempt);

struct CountMemory {
  analysis::CountsState state;
  std::optional<base::WallTime> asked_until;  ///< the last instant that was answered, by numbers or by their absence
};

/// Instants first, first + step, … last.
struct Instants {
  base::WallTime first, last;
  base::Millis step{1};
  [[nodiscard]] bool IsOne() const { return first == last; }
  [[nodiscard]] std::size_t Count() const { return static_cast<std::size_t>((last - first) / step) + 1; }
  bool operator==(const Instants&) const = default;
};

/// So many at once; the rest follows at once.
inline constexpr int kMostInstants = 500;
/// Evidence begins anew after a longer silence.
inline constexpr base::Millis kLongestReplay = std::chrono::hours(24);
/// Counters of before the replay, so that a series that was away for less is not taken for a new one.
inline constexpr base::Millis kLookBack = std::chrono::minutes(5);

/// A clock that was set back by more than this is not waited for: some requests may be counted twice, which is better than to be blind.
base::Millis LongestWait(base::Millis interval);

/// What to ask now; nothing: the next instant is still to come.
std::optional<Instants> NextInstants(const CountMemory& memory, base::WallTime now, base::Millis interval, base::Millis delay);

base::Result<http::Request> RequestFor(const providers::MetricProvider& provider, const CountPlan& plan, std::size_t query,
                                       const Instants& instants);

/// The answer to one query: a reading for each instant (of a histogram: the slow ones, and all), or why there is none.
struct CountAnswer {
  std::string error;
  std::vector<model::Reading> values, totals;
};
CountAnswer ReadAnswer(const providers::MetricProvider& provider, const CountPlan& plan, std::size_t query, const Instants& instants,
                       const http::Response& response);

/// What was asked for, and the answer to each query of the plan.
struct CountAnswers {
  Instants instants;
  std::vector<CountAnswer> answers;
};

/// Takes the answers of all queries. An error about the target (or about legacy, where the rule is relative to it) changes nothing but the
/// outcome: it is asked again. `now`: when the last answer arrived.
struct CountResult {
  CountMemory memory;
  analysis::Judgement judgement;
  std::shared_ptr<const analysis::CountsView> view;  ///< null where nothing was learned
};
CountResult TakeAnswers(const CountPlan& plan, CountMemory memory, const CountAnswers& asked, const analysis::StageInfo& stage,
                        base::WallTime now);

}  // namespace softmig::reconcile
