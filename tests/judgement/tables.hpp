#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulate.hpp"

namespace softmig::judgement {

/// Which bar of the summary a row counts for; only our rule is held to it.
enum class Bar { kNone, kHalf, kBoundary, kWrongPromotion, kOracle };

/// What a cell of the printed table shows.
enum class Shows { kRollbacks, kDelays, kPromotions, kOracle };

struct Row {
  Cell cell;
  Bar bar = Bar::kNone;
};

struct Table {
  std::string title;
  std::string first_column;
  Shows shows = Shows::kRollbacks;
  std::vector<Row> rows;
};

struct TableOptions {
  int runs = 1'000;
  std::uint64_t seed = 1;
};

/// All tables, in the order of docs/judgement.md. Our rule is at the product's defaults (10 s windows, burst tolerance 60 s, alpha = beta =
/// 1 %) unless the row says otherwise; tolerance 1 %.
Table FalseRollbacks(const TableOptions& options);
Table Delays(const TableOptions& options);
/// Calibrates the oracles, so it takes some seconds.
Table OracleRatios(const TableOptions& options);
Table Promotions(const TableOptions& options);
Table RelativeFalseRollbacks(const TableOptions& options);
Table RelativeDelays(const TableOptions& options);
Table Noise(const TableOptions& options);

}  // namespace softmig::judgement
