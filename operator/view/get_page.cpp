// The page of one migration.
#include <fmt/format.h>

#include "analysis/counts_judge.hpp"
#include "analysis/numbers.hpp"
#include "base/time_format.hpp"
#include "view/metric_facts.hpp"
#include "view/pages.hpp"
#include "view/table.hpp"

namespace softmig::view {
namespace {

using analysis::Shortest;
using model::ComponentStatus;
using model::MetricStatus;
using model::Phase;
using model::Verdict;

Tone VerdictTone(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass: return Tone::kGood;
    case Verdict::kBreach: return Tone::kBad;
    case Verdict::kUndecided: return Tone::kWaiting;
    case Verdict::kNoData:
    case Verdict::kStale:
    case Verdict::kNaN:
    case Verdict::kError: return Tone::kBad;
  }
  return Tone::kPlain;
}

std::string Percent(double rate) { return analysis::PercentText(rate, 0) + " %"; }

std::string SideText(const SideFacts& side) {
  return fmt::format("{} of {} = {} (likely {} to {})", Shortest(side.counts.bad), Shortest(side.counts.total),
                     Percent(side.counts.bad / side.counts.total), analysis::PercentText(side.likely.lower, 0), Percent(side.likely.upper));
}

std::string DecisionText(const Migration& migration, const MetricFacts& facts, Verdict verdict, base::WallTime now) {
  if (verdict == Verdict::kPass || verdict == Verdict::kBreach || migration.status.phase == Phase::kRolledBack) return {};
  if (!facts.requests_left) return "too near the tolerance to tell when there is a decision";
  std::string text = fmt::format("about {} more requests until a decision", Shortest(*facts.requests_left));
  if (!facts.decision_at) return text;
  return text + fmt::format(": {} at {:.3g} a second, about {} ({})", RoughDuration(*facts.decision_at - facts.at), facts.per_second,
                            Clock(*facts.decision_at, now), Relative(*facts.decision_at, now));
}

void AddLine(std::string& page, const std::string& indent, const std::string& text) {
  if (!text.empty()) page += indent + Harmless(text) + "\n";
}

std::string EvidenceText(const Migration& migration, const MetricFacts& facts, const MetricStatus& metric, base::WallTime now) {
  std::string text;
  AddLine(text, "      ", "target  " + SideText(facts.target));
  if (facts.legacy) AddLine(text, "      ", "legacy  " + SideText(*facts.legacy));
  AddLine(text, "      ", facts.tolerated + (facts.shared_failure ? ", which legacy does not keep itself" : ""));
  AddLine(text, "      ",
          fmt::format("odds against the target {} to 1 (users go back at {}), for it {} to 1 (next step at {})", facts.against,
                      facts.rollback_at, facts.in_favour, facts.step_at));
  AddLine(text, "      ", DecisionText(migration, facts, metric.verdict, now));
  return text;
}

/// The verdict's own sentence, unless the numbers below say the same in more detail.
bool SpeaksOfCounts(const MetricStatus& metric) { return metric.evidence.find("odds against the target") != std::string::npos; }

std::string MetricText(const Migration& migration, const ComponentStatus& component, const MetricStatus& metric, base::WallTime now,
                       Colour colour) {
  std::string text = fmt::format("    {}  {}", Paint(colour, Tone::kStrong, Harmless(metric.name)),
                                 Paint(colour, VerdictTone(metric.verdict), model::Name(metric.verdict)));
  if (metric.value) text += fmt::format("  {:.6g}", *metric.value);
  if (metric.samples) text += fmt::format("  {} requests", *metric.samples);
  text += Paint(colour, Tone::kFaint, fmt::format("  as of {}, so since {}", Clock(metric.at, now), Clock(metric.since, now))) + "\n";
  const auto facts = FactsOf(migration, component.name, metric.name);
  if (!facts || !SpeaksOfCounts(metric)) AddLine(text, "      ", metric.evidence);
  return facts ? text + EvidenceText(migration, *facts, metric, now) : text;
}

std::string StepText(const Migration& migration, const ComponentStatus& component, base::WallTime now) {
  std::string text = fmt::format("{} % on the target", component.weight.value());
  if (component.step >= 0) text += fmt::format(", step {} of {}", component.step + 1, migration.parsed.spec.steps.size());
  if (component.since) text += fmt::format(", reached {} ({})", Clock(*component.since, now), Relative(*component.since, now));
  return text;
}

std::string ComponentText(const Migration& migration, const ComponentStatus& component, base::WallTime now, Colour colour) {
  std::string text = fmt::format("\n  {}  {}  {}\n", Paint(colour, Tone::kStrong, Harmless(component.name)),
                                 Paint(colour, ToneOf(component.phase), model::Name(component.phase)), StepText(migration, component, now));
  if (!component.waiting_for.empty()) AddLine(text, "    ", "waits for " + component.waiting_for);
  const auto until = HoldUntil(migration, component);
  if (until && *until > now) AddLine(text, "    ", fmt::format("hold ends {} ({})", Clock(*until, now), Relative(*until, now)));
  if (const auto against = LogAgainst(migration, component.name)) {
    const bool holds = component.holding && component.phase == Phase::kShift;
    AddLine(text, "    ",
            fmt::format("odds against the target, all metrics together: {} to 1{}", analysis::OddsText(*against),
                        holds ? "; holding until they are below 3 to 1" : ""));
  }
  for (const MetricStatus& metric : component.metrics) text += MetricText(migration, component, metric, now, colour);
  return text;
}

std::string RollbackText(const model::RollbackRecord& record, base::WallTime now, Colour colour) {
  std::string text = "\n" + Paint(colour, Tone::kStrong, "Last rollback") + "\n";
  const auto time = [&](const char* what, const std::optional<base::WallTime>& at) {
    if (at) AddLine(text, "  ", fmt::format("{:<12} {}", what, Clock(*at, now)));
  };
  AddLine(text, "  ",
          fmt::format("component {} from {} %: {}{}", record.component, record.from.value(), record.reason,
                      record.metric.empty() ? "" : " by metric " + record.metric));
  AddLine(text, "  ", record.evidence);
  time("breach seen", record.breach_seen_at);
  time("decided", record.at);
  time("routed", record.routed_at);
  time("verified", record.verified_at);
  return text;
}

/// "3 of 1204 bad before, 9 of 3900 now".
std::string FiguresText(const model::DecisionMetric& metric) {
  const model::EvidenceFigures before = metric.before.value_or(model::EvidenceFigures());
  std::string text = fmt::format("counted since evidence began: {} of {} bad before, {} of {} now", before.bad, before.total,
                                 metric.after->bad, metric.after->total);
  if (metric.after->legacy_total > 0) {
    text += fmt::format("; legacy {} of {} before, {} of {} now", before.legacy_bad, before.legacy_total, metric.after->legacy_bad,
                        metric.after->legacy_total);
  }
  return text;
}

std::string LastDecisionText(const model::DecisionRecord& record, base::WallTime now, Colour colour) {
  std::string text = "\n" + Paint(colour, Tone::kStrong, "Last decision") + "\n";
  AddLine(text, "  ",
          fmt::format("component {} from {} to {} %: {}, {} ({})", record.component, record.from.value(), record.to.value(), record.reason,
                      Clock(record.at, now), Relative(record.at, now)));
  for (const model::DecisionMetric& metric : record.metrics) {
    text += fmt::format("    {}  {}\n", Paint(colour, Tone::kStrong, Harmless(metric.name)),
                        Paint(colour, VerdictTone(metric.verdict), model::Name(metric.verdict)));
    AddLine(text, "      ", metric.evidence);
    AddLine(text, "      ", metric.asked.empty() ? "" : "asked " + metric.asked);
    if (!metric.after) continue;
    AddLine(text, "      ", FiguresText(metric));
    const model::EvidenceFigures before = metric.before.value_or(model::EvidenceFigures{0, 0, 0, 0, "1", "1"});
    AddLine(text, "      ",
            fmt::format("odds against the target {} to 1 before, {} now; for it {} before, {} now", before.against, metric.after->against,
                        before.in_favour, metric.after->in_favour));
  }
  return text;
}

std::string ProblemsText(const Migration& migration, Colour colour) {
  std::string text;
  for (const model::FieldError& error : migration.parsed.errors) AddLine(text, "  ", error.path + ": " + error.message);
  const model::Condition* stalled = FindCondition(migration.status, "Stalled");
  if (text.empty() && stalled != nullptr && stalled->status == model::ConditionStatus::kTrue) {
    AddLine(text, "  ", stalled->reason + ": " + stalled->message);
  }
  return text.empty() ? text : "\n" + Paint(colour, Tone::kBad, "Needs somebody") + "\n" + text;
}

std::string HeadText(const Migration& migration, base::WallTime now, Colour colour) {
  const model::Spec& spec = migration.parsed.spec;
  std::string text = Paint(colour, Tone::kStrong, migration.ns + "/" + migration.name) + "  ";
  text +=
      migration.seen ? Paint(colour, ToneOf(migration.status.phase), model::Name(migration.status.phase)) : "not seen by an operator yet";
  text += fmt::format("  {} % of the users on the target\n", migration.status.current_weight);
  if (!migration.parsed.errors.empty()) return text;
  AddLine(text, "  ",
          fmt::format("from {} to {}, attempt {}, desiredPhase {}{}{}", spec.legacy.service, spec.target.service, spec.attempt,
                      model::Name(spec.desired_phase), spec.paused ? ", paused" : "", migration.deleting ? ", being deleted" : ""));
  std::string steps;
  for (const model::Step& step : spec.steps) {
    steps += fmt::format("{}{} %{}", steps.empty() ? "" : ", ", step.weight.value(),
                         step.hold.count() > 0 ? " for " + base::FormatDuration(step.hold) : "");
  }
  AddLine(text, "  ", "steps " + steps);
  if (migration.seen && migration.status.observed_generation < migration.generation) {
    AddLine(text, "  ",
            fmt::format("the operator has not seen the last edit yet (generation {} of {})", migration.status.observed_generation,
                        migration.generation));
  }
  if (migration.status.checkpoint.at > base::WallTime{}) {
    AddLine(text, "  ", "numbers as of " + Clock(migration.status.checkpoint.at, now) + ", at most a minute old while requests come");
  }
  return text;
}

}  // namespace

std::string GetPage(const Migration& migration, base::WallTime now, Colour colour) {
  std::string page = HeadText(migration, now, colour);
  for (const ComponentStatus& component : migration.status.components) page += ComponentText(migration, component, now, colour);
  page += ProblemsText(migration, colour);
  if (migration.status.last_rollback) page += RollbackText(*migration.status.last_rollback, now, colour);
  if (migration.status.last_decision) page += LastDecisionText(*migration.status.last_decision, now, colour);
  return page;
}

}  // namespace softmig::view
