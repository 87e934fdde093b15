#include "speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "analysis/assessment.hpp"

namespace softmig::judgement {
namespace {

using analysis::EvidenceRule;
using analysis::EvidenceSettings;
using analysis::MetricEvidence;

enum class Work { kAdvance, kAdvanceAndAssess, kExplain };

double Once(const EvidenceRule& rule, Work work) {
  constexpr int kWindows = 2'000;
  MetricEvidence state = analysis::StartStage(rule, {});
  base::WallTime now{};
  double kept = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kWindows; ++i) {
    const auto end = now + base::Millis(10'000);
    state = analysis::Advance(rule, std::move(state), {now, end, {10'000, 40.0 + i % 7}, analysis::Counts{90'000, 400.0 + i % 5}});
    now = end;
    if (work == Work::kAdvanceAndAssess) kept += analysis::Assess(rule, state).log_rollback;
    if (work == Work::kExplain) kept += analysis::Explain(rule, state).target.upper;
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  // Looking at the sum keeps the compiler from leaving the work out.
  return kept == 0.123 ? 0 : took.count() / kWindows;
}

/// The best of many short ones: what the machine does while nobody else wants it.
double Nanoseconds(const EvidenceRule& rule, Work work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 300; ++i) best = std::min(best, Once(rule, work));
  return best;
}

}  // namespace

std::string SpeedText() {
  std::string text;
  for (const auto& [name, kind] :
       {std::pair("absolute", EvidenceSettings::Kind::kAbsolute), {"relative", EvidenceSettings::Kind::kRelative}}) {
    EvidenceSettings settings;
    settings.kind = kind;
    const auto rule = EvidenceRule::Make(settings);
    text +=
        fmt::format("speed: {} update={:.0f}ns update_and_verdict={:.0f}ns with_intervals={:.0f}ns\n", name,
                    Nanoseconds(*rule, Work::kAdvance), Nanoseconds(*rule, Work::kAdvanceAndAssess), Nanoseconds(*rule, Work::kExplain));
  }
  return text + fmt::format("speed: state={} bytes in memory\n", sizeof(MetricEvidence));
}

}  // namespace softmig::judgement
