#include "speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <vector>

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

/// Share of a core that many migrations cost, each metric with a state of its own, which no cache holds. By the processor's time: other
/// work beside it does not count.
double FleetShare(const EvidenceRule& rule, std::size_t metrics, base::Millis window) {
  constexpr int kRounds = 20;
  std::vector<MetricEvidence> states(metrics, analysis::StartStage(rule, {}));
  double kept = 0;
  base::WallTime now{};
  const std::clock_t start = std::clock();
  for (int round = 0; round < kRounds; ++round, now += window) {
    for (std::size_t i = 0; i < metrics; ++i) {
      const double bad = 40 + static_cast<double>((i + static_cast<std::size_t>(round)) % 7);
      states[i] = analysis::Advance(rule, std::move(states[i]), {now, now + window, {10'000, bad}, analysis::Counts{90'000, 400}});
      kept += analysis::Assess(rule, states[i]).log_rollback;
    }
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return kept == 0.123 ? 0 : seconds / (kRounds * std::chrono::duration<double>(window).count());
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
    text += fmt::format("speed: {} 10000 migrations x 5 metrics, a window and a verdict each 10 s: {:.2f} % of a core\n", name,
                        100 * FleetShare(*rule, 50'000, base::Millis(10'000)));
  }
  return text + fmt::format("speed: state={} bytes in memory\n", sizeof(MetricEvidence));
}

}  // namespace softmig::judgement
