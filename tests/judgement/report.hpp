#pragma once

#include <string>
#include <vector>

#include "tables.hpp"

namespace softmig::judgement {

/// Worst numbers of our rule over all rows that a bar is about.
struct Summary {
  int cells = 0;  ///< rules times rows
  int half = 0, half_runs = 0;
  double boundary = 0, wrong_promotions = 0;  ///< largest share of one row
  double oracle_ratio = 0;
};

/// One row's results as a line of Markdown, and what it adds to the summary.
std::string RowText(const Table& table, const Row& row, const std::vector<RuleResult>& results);
/// Title and head of a table.
std::string HeadText(const Table& table);
void AddTo(Summary& summary, const Row& row, const std::vector<RuleResult>& results);

/// "judgement: cells=… …"
std::string SummaryText(const Summary& summary);
/// What misses its bar, "" for nothing.
std::string Missed(const Summary& summary);

}  // namespace softmig::judgement
