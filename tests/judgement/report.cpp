#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace softmig::judgement {
namespace {

constexpr double kMostBoundary = 0.01;
constexpr double kMostWrongPromotions = 0.01;
constexpr double kMostOracleRatio = 1.4;

std::string TimeText(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string CountText(double count) {
  if (count < 1e4) return fmt::format("{:.0f}", count);
  return count < 1e6 ? fmt::format("{:.0f}k", count / 1e3) : fmt::format("{:.1f}M", count / 1e6);
}

std::string ShareText(int part, int of) { return part == 0 ? "0" : fmt::format("{:.4g} %", 100.0 * part / of); }

std::string WithTime(const RuleResult& result, int part) {
  const std::string share = ShareText(part, result.runs);
  return part > 0 && result.median_seconds ? share + " (" + TimeText(*result.median_seconds) + ")" : share;
}

/// Of a break that is to be found: what came before it was a false rollback.
std::string DelayText(const RuleResult& result) {
  const int in_time = result.rolled_back - result.too_early;
  if (in_time == 0) return result.too_early == result.runs ? "all gone before" : WithTime(result, result.rolled_back);
  std::string text = TimeText(*result.median_seconds) + " / " + CountText(*result.median_bad);
  if (in_time < result.runs) text += fmt::format(" ({} found", ShareText(in_time, result.runs));
  if (result.too_early > 0) text += fmt::format(", {} gone before", ShareText(result.too_early, result.runs));
  return in_time < result.runs ? text + ")" : text;
}

std::string CellText(Shows shows, const RuleResult& result) {
  switch (shows) {
    case Shows::kRollbacks: return WithTime(result, result.rolled_back);
    case Shows::kDelays: return DelayText(result);
    case Shows::kPromotions: return WithTime(result, result.promoted);
    case Shows::kOracle: break;
  }
  return fmt::format("{:.1f} min", result.mean_seconds / 60);
}

double Ratio(const std::vector<RuleResult>& results) { return results.back().mean_seconds / results.front().mean_seconds; }

}  // namespace

std::string HeadText(const Table& table) {
  std::string names = "| " + table.first_column + " |";
  std::string line = "|---|";
  for (const RuleKind& rule : table.rows.front().cell.rules) {
    names += " " + (rule.name == "ours" ? "**ours**" : rule.name) + " |";
    line += "---|";
  }
  if (table.shows == Shows::kOracle) {
    names += " ratio |";
    line += "---|";
  }
  return "\n### " + table.title + "\n\n" + names + "\n" + line + "\n";
}

std::string RowText(const Table& table, const Row& row, const std::vector<RuleResult>& results) {
  std::string text = "| " + row.cell.name + " |";
  for (const RuleResult& result : results) {
    const std::string shown = CellText(table.shows, result);
    text += " " + (result.rule == "ours" ? "**" + shown + "**" : shown) + " |";
  }
  if (table.shows == Shows::kOracle) text += fmt::format(" {:.2f} |", Ratio(results));
  return text + "\n";
}

void AddTo(Summary& summary, const Row& row, const std::vector<RuleResult>& results) {
  const RuleResult& ours = results.back();
  summary.cells += static_cast<int>(results.size());
  switch (row.bar) {
    case Bar::kNone: break;
    case Bar::kHalf:
      summary.half += ours.rolled_back;
      summary.half_runs += ours.runs;
      break;
    case Bar::kBoundary: summary.boundary = std::max(summary.boundary, static_cast<double>(ours.rolled_back) / ours.runs); break;
    case Bar::kWrongPromotion:
      summary.wrong_promotions = std::max(summary.wrong_promotions, static_cast<double>(ours.promoted) / ours.runs);
      break;
    case Bar::kOracle: {
      // A rule that never finds it would have a mean of nothing.
      const bool all_found = std::ranges::all_of(results, [](const RuleResult& r) { return r.rolled_back - r.too_early >= 0.98 * r.runs; });
      summary.oracle_ratio = std::max(summary.oracle_ratio, all_found ? Ratio(results) : 1e9);
      break;
    }
  }
}

std::string SummaryText(const Summary& summary) {
  return fmt::format(
      "judgement: cells={} false_rollbacks_half={}/{} false_rollbacks_boundary={:.2f}% wrong_promotions={:.2f}% worst_oracle_ratio={:.2f}",
      summary.cells, summary.half, summary.half_runs, 100 * summary.boundary, 100 * summary.wrong_promotions, summary.oracle_ratio);
}

std::string Missed(const Summary& summary) {
  std::string missed;
  if (summary.half_runs == 0 || summary.half > 0) missed += " false_rollbacks_half must be 0;";
  if (!(summary.boundary <= kMostBoundary)) missed += " false_rollbacks_boundary must be at most 1 %;";
  if (!(summary.wrong_promotions <= kMostWrongPromotions)) missed += " wrong_promotions must be at most 1 %;";
  if (!(summary.oracle_ratio > 0 && summary.oracle_ratio <= kMostOracleRatio)) missed += " worst_oracle_ratio must be at most 1.4;";
  return missed;
}

}  // namespace softmig::judgement
