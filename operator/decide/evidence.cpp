#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.hpp"
#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using analysis::Judgement;
using model::ComponentStatus;
using model::MetricStatus;
using model::Verdict;

/// Where the source answers and only the target has no numbers any more, the deadline for missing evidence is not longer than this.
constexpr base::Millis kTargetGoneDeadline = std::chrono::minutes(5);

enum class Class { kPass, kBreach, kUndecided, kMissing };

Class ClassOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass: return Class::kPass;
    case Verdict::kBreach: return Class::kBreach;
    case Verdict::kUndecided: return Class::kUndecided;
    case Verdict::kNoData:
    case Verdict::kStale:
    case Verdict::kNaN:
    case Verdict::kError: return Class::kMissing;
  }
  return Class::kMissing;
}

bool HasUsers(const Context& context, const std::string& component) {
  const auto it = std::ranges::find(context.next().components, component, &ComponentStatus::name);
  return it != context.next().components.end() && it->weight.value() > 0;
}

/// A breach until there is a pass; a pass only for a while, because a counter that stands still decides nothing any more. Before the first
/// users a breach is no better: whoever it is about was not sent by us, and where nobody is sent any more no pass will ever follow it.
bool StillHolds(const Context& context, const std::string& component, const Judgement& decisive) {
  if (decisive.verdict == Verdict::kBreach && HasUsers(context, component)) return true;
  return context.now - decisive.at <= std::max(StaleAfter(context.spec), context.spec.on_no_evidence.deadline);
}

/// What counts now of the last answers: the latest judgement; while that is undecided, the last decisive one; a stale one as kStale.
std::optional<Judgement> Effective(const Context& context, const std::string& component, const MetricObservation* seen) {
  if (seen == nullptr || !seen->latest) return std::nullopt;
  if (context.now - seen->latest->at > StaleAfter(context.spec)) {
    Judgement stale = *seen->latest;
    stale.verdict = Verdict::kStale;
    stale.evidence = fmt::format("no answer since {}", base::FormatDuration(StaleAfter(context.spec)));
    stale.target_gone_since.reset();
    return stale;
  }
  if (seen->breach_since && seen->latest->verdict == Verdict::kBreach) {
    Judgement breach = *seen->latest;
    breach.at = *seen->breach_since;
    return breach;
  }
  const bool undecided = seen->latest->verdict == Verdict::kUndecided;
  return undecided && seen->decisive && StillHolds(context, component, *seen->decisive) ? seen->decisive : seen->latest;
}

/// The same, with what the other metrics of the component say: evidence on counts is a breach only where all of it together is.
std::optional<Judgement> EffectiveOf(const Context& context, const std::string& component, const std::string& metric) {
  const MetricObservation* seen = SeenOf(context, component, metric);
  std::optional<Judgement> judgement = Effective(context, component, seen);
  if (!judgement || seen->counts == nullptr) return judgement;
  const auto together = context.evidence.find(component);
  const bool blamed = together != context.evidence.end() && together->second.breached && together->second.blame == metric;
  if (blamed) {
    judgement->verdict = Verdict::kBreach;
    judgement->evidence.clear();  // the counts speak, whatever the last answer was
  } else if (judgement->verdict == Verdict::kBreach) {
    judgement->verdict = Verdict::kUndecided;
  }
  return judgement;
}

MetricStatus ToStatus(const Context& context, const std::string& component, const std::string& name, const Judgement& judgement,
                      base::WallTime since) {
  const analysis::CountsView* counts = CountsOf(context, component, name);
  const bool counts_speak = judgement.evidence.empty() && counts != nullptr;
  return {name,
          judgement.verdict,
          judgement.value,
          judgement.samples,
          judgement.at,
          since,
          counts_speak ? analysis::Describe(*counts) : judgement.evidence};
}

const MetricStatus* FindMetric(const std::vector<MetricStatus>& metrics, const std::string& name) {
  const auto it = std::ranges::find(metrics, name, &MetricStatus::name);
  return it == metrics.end() ? nullptr : &*it;
}

/// Why there is no evidence may change while there is none; people are told the present reason, but not every time: other words in each
/// answer are no reason to write.
bool IsOutdated(const Context& context, const model::MetricSpec& metric, const MetricStatus& before, const Judgement& judgement) {
  const base::Millis least = model::UsesEvidence(metric) ? std::chrono::seconds(15) : std::chrono::seconds(60);
  const bool missing = ClassOf(judgement.verdict) == Class::kMissing && judgement.verdict != Verdict::kStale;
  return missing && !judgement.evidence.empty() && judgement.evidence != before.evidence && context.now - before.at >= least;
}

MetricStatus NextStatus(const Context& context, const std::string& component, const model::MetricSpec& metric, const MetricStatus* before) {
  const auto judgement = EffectiveOf(context, component, metric.name);
  if (!judgement) {
    return before != nullptr ? *before : MetricStatus{metric.name, Verdict::kNoData, {}, {}, context.now, context.now, "not asked yet"};
  }
  if (before != nullptr && before->verdict == judgement->verdict && !IsOutdated(context, metric, *before, *judgement)) return *before;
  const bool same_class = before != nullptr && ClassOf(before->verdict) == ClassOf(judgement->verdict);
  return ToStatus(context, component, metric.name, *judgement, same_class ? before->since : context.now);
}

/// All counts of a component together. A metric that this process has not counted yet says nothing either way.
void CombineCounts(Context& context, ComponentStatus& component) {
  std::vector<analysis::MetricVote> votes;
  bool breached = false;
  for (const model::MetricSpec& metric : context.spec.metrics) {
    if (!model::UsesEvidence(metric) || !Judges(metric, component.name)) continue;
    const analysis::CountsView* counts = CountsOf(context, component.name, metric.name);
    votes.push_back({metric.name, counts != nullptr ? counts->assessment : analysis::Assessment()});
    const MetricStatus* recorded = FindMetric(component.metrics, metric.name);
    breached = breached || (recorded != nullptr && recorded->verdict == Verdict::kBreach);
  }
  if (votes.empty()) {
    component.holding = false;
    return;
  }
  const analysis::ComponentEvidence before{component.holding, breached, false, 0, {}};
  const auto& together = context.evidence[component.name] = analysis::Combine(before, votes, context.spec.alpha);
  component.holding = together.holding;
}

/// When missing evidence ends the step. REQUIRES: the metric's verdict is a missing one.
base::WallTime DueOf(const Context& context, const ComponentStatus& component, const MetricStatus& metric) {
  const base::Millis deadline = context.spec.on_no_evidence.deadline;
  const base::WallTime due = metric.since + deadline;
  const auto judgement = EffectiveOf(context, component.name, metric.name);
  if (!judgement || !judgement->target_gone_since) return due;
  // Not before the first users: metric.since is not earlier than they are.
  return std::min(due, std::max(metric.since, *judgement->target_gone_since) + std::min(deadline, kTargetGoneDeadline));
}

/// A poller that fell silent wakes nobody.
void WakeWhenStale(Context& context, const MetricObservation* seen) {
  if (seen == nullptr || !seen->latest) return;
  const base::WallTime stale_at = seen->latest->at + StaleAfter(context.spec) + base::Millis(1);
  if (stale_at > context.now) context.WakeAt(stale_at);
}

/// The step may go on by this metric: a pass, seen by this process, on data from after the step was reached.
std::optional<Blocker> MetricBlocker(const Context& context, const ComponentStatus& component, const MetricStatus& metric) {
  const auto judgement = EffectiveOf(context, component.name, metric.name);
  if (metric.verdict != Verdict::kPass) {
    return Blocker{std::string(reason::kMissingEvidence), fmt::format("metric {}: {}", metric.name, model::Name(metric.verdict)), false};
  }
  // After the clock was set back, what was seen before seems to be yet to come, and what was asked before to be answered too early.
  const bool in_order = judgement && judgement->window_start <= judgement->at && judgement->at <= context.now;
  const bool of_this_step = in_order && component.since && judgement->window_start >= *component.since;
  if (!of_this_step || judgement->verdict != Verdict::kPass) {
    return Blocker{std::string(reason::kMissingEvidence), fmt::format("metric {}: a pass on data of this step", metric.name), false};
  }
  return std::nullopt;
}

/// What a bridge compares tells what the first users would get: once the step at weight 0 is reached, they come only after a pass.
bool HoldsFirstUsers(const Context& context, const ComponentStatus& component, const std::string& metric) {
  if (component.phase != model::Phase::kShift) return false;
  const auto it = std::ranges::find(context.spec.metrics, metric, &model::MetricSpec::name);
  return it != context.spec.metrics.end() && model::IsOfBridge(*it);
}

}  // namespace

const MetricObservation* SeenOf(const Context& context, const std::string& component, const std::string& metric) {
  const auto it = context.seen.metrics.find({component, metric});
  return it == context.seen.metrics.end() ? nullptr : &it->second;
}

const analysis::CountsView* CountsOf(const Context& context, const std::string& component, const std::string& metric) {
  const MetricObservation* seen = SeenOf(context, component, metric);
  return seen == nullptr ? nullptr : seen->counts.get();
}

void UpdateEvidence(Context& context, ComponentStatus& component) {
  if (!WantsMetrics(context.spec, context.next(), component.name)) return;
  CombineCounts(context, component);
  std::vector<MetricStatus> next;
  for (const model::MetricSpec& metric : context.spec.metrics) {
    if (!Judges(metric, component.name)) continue;
    WakeWhenStale(context, SeenOf(context, component.name, metric.name));
    next.push_back(NextStatus(context, component.name, metric, FindMetric(component.metrics, metric.name)));
  }
  component.metrics = std::move(next);
}

void RefreshEvidence(Context& context, ComponentStatus& component) {
  for (MetricStatus& metric : component.metrics) {
    const auto judgement = EffectiveOf(context, component.name, metric.name);
    if (judgement && judgement->verdict == metric.verdict)
      metric = ToStatus(context, component.name, metric.name, *judgement, metric.since);
  }
}

const MetricStatus* FindBreach(const ComponentStatus& component) {
  const auto it = std::ranges::find(component.metrics, Verdict::kBreach, &MetricStatus::verdict);
  return it == component.metrics.end() ? nullptr : &*it;
}

const MetricStatus* FindExpired(Context& context, const ComponentStatus& component) {
  for (const MetricStatus& metric : component.metrics) {
    if (ClassOf(metric.verdict) != Class::kMissing) continue;
    const base::WallTime due = DueOf(context, component, metric);
    if (due <= context.now) return &metric;
    context.WakeAt(due);
  }
  return nullptr;
}

std::optional<Blocker> EvidenceBlocker(const Context& context, const ComponentStatus& component) {
  if (component.holding && FindBreach(component) == nullptr) {
    return Blocker{std::string(reason::kEvidenceAgainst), "the evidence against the target to be below 3 to 1, it was 10 to 1", false};
  }
  for (const MetricStatus& metric : component.metrics) {
    if (auto blocker = MetricBlocker(context, component, metric)) return blocker;
  }
  if (component.metrics.empty()) return Blocker{std::string(reason::kMissingEvidence), "no metric judges this component", false};
  return std::nullopt;
}

std::optional<Blocker> StartBlocker(Context& context, const ComponentStatus& component) {
  for (const MetricStatus& metric : component.metrics) {
    if (HoldsFirstUsers(context, component, metric.name)) {
      if (auto blocker = MetricBlocker(context, component, metric)) return blocker;
      continue;
    }
    const auto judgement = EffectiveOf(context, component.name, metric.name);
    const bool bad = metric.verdict == Verdict::kError || metric.verdict == Verdict::kBreach || metric.verdict == Verdict::kStale;
    if (judgement && !bad) continue;
    // Not the evidence itself: its numbers change with each answer. It stands in status.components[].metrics.
    const std::string why(judgement ? model::Name(metric.verdict) : "not asked yet");
    return Blocker{std::string(reason::kMetricNotReady), fmt::format("metric {}: {}", metric.name, why), false};
  }
  return ToleranceBlocker(context, component);
}

}  // namespace softmig::decide
