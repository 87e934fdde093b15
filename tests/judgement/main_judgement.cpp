#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "report.hpp"
#include "speed.hpp"
#include "tables.hpp"

/// Operating characteristics of the rollback and promotion rule, by simulation with the production code. Prints Markdown for
/// docs/judgement.md and ends with one line that sums it up; exit code 1 if a bar is missed.
namespace {

using softmig::judgement::Summary;
using softmig::judgement::Table;
using softmig::judgement::TableOptions;

void Print(const Table& table, const TableOptions& options, Summary& summary, std::uint64_t first_cell) {
  std::cout << softmig::judgement::HeadText(table) << std::flush;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const auto start = std::chrono::steady_clock::now();
    const auto results = softmig::judgement::Simulate(row.cell, options.seed, first_cell + i);
    AddTo(summary, row, results);
    std::cout << RowText(table, row, results) << std::flush;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cerr << "  " << row.cell.name << ": " << row.cell.runs << " runs, " << took.count() << " s\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulates the rollback and promotion rule beside those of others; two threads", "judgement");
  TableOptions options;
  bool speed = false;
  int only = 0;
  app.add_option("--runs", options.runs, "Simulated migrations a row")->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of all random numbers")->capture_default_str();
  app.add_option("--table", only, "Only this table, from 1; the bars of the others then count as missed");
  app.add_flag("--speed", speed, "Only measure how long one update takes");
  CLI11_PARSE(app, argc, argv);
  if (speed) {
    std::cout << softmig::judgement::SpeedText();
    return 0;
  }
  using softmig::judgement::Delays, softmig::judgement::FalseRollbacks, softmig::judgement::Noise, softmig::judgement::OracleRatios;
  using softmig::judgement::Promotions, softmig::judgement::RelativeDelays, softmig::judgement::RelativeFalseRollbacks;
  Summary summary;
  std::uint64_t first_cell = 0;
  int table = 0;
  for (const auto make : {FalseRollbacks, Delays, OracleRatios, Promotions, RelativeFalseRollbacks, RelativeDelays, Noise}) {
    ++table;
    if (only == 0 || only == table) Print(make(options), options, summary, first_cell);
    first_cell += 100;
  }
  std::cout << '\n' << SummaryText(summary) << '\n';
  const std::string missed = Missed(summary);
  if (missed.empty()) return 0;
  std::cerr << "judgement: missed:" << missed << '\n';
  return 1;
}
