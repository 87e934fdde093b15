#include "simulate/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/time_format.hpp"

namespace softmig::simulate {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Millis;
using base::Result;

constexpr std::array<std::string_view, 9> kColumns{"time",       "component", "metric", "requests", "legacy_bad",
                                                   "target_bad", "value",     "source", "target"};

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string_view> Cells(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const auto comma = line.find(',');
    cells.push_back(Trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

struct NumberRange {
  double least, most;
  const char* wanted;
};
constexpr NumberRange kShare{0, 1, "a share from 0 to 1"};
constexpr NumberRange kRate{0, 1e9, "requests a second, 0 to 1e9"};
constexpr NumberRange kAny{-1e300, 1e300, "a number"};

/// The time of a row: since the beginning, or of day.
struct Stamp {
  Millis time{0};
  bool absolute = false;
};

class RowReader {
 public:
  RowReader(const std::vector<std::string_view>& header, const std::vector<std::string_view>& cells) : header_(header), cells_(cells) {}

  Result<TraceRow> Read(Stamp& stamp) {
    TraceRow row;
    ReadTime(stamp);
    row.component = std::string(Cell("component"));
    row.metric = std::string(Cell("metric"));
    row.requests = Number("requests", kRate);
    row.legacy_bad = Number("legacy_bad", kShare);
    row.target_bad = Number("target_bad", kShare);
    row.value = Number("value", kAny);
    row.source = Flag("source");
    row.target = Flag("target");
    if (!problem_.empty()) return Fail(ErrorCode::kInvalid, problem_);
    return row;
  }

 private:
  [[nodiscard]] std::string_view Cell(std::string_view column) const {
    const auto it = std::ranges::find(header_, column);
    const auto index = static_cast<std::size_t>(it - header_.begin());
    return index < cells_.size() ? cells_[index] : std::string_view();
  }
  void Refuse(std::string_view column, std::string_view wanted) {
    if (problem_.empty()) problem_ = fmt::format("{} must be {}, is \"{}\"", column, wanted, Cell(column).substr(0, 64));
  }

  void ReadTime(Stamp& stamp) {
    const std::string_view cell = Cell("time");
    if (const auto since = base::ParseDuration(cell)) {
      stamp = {*since, false};
    } else if (const auto at = base::ParseRfc3339(cell)) {
      stamp = {at->time_since_epoch(), true};
    } else {
      Refuse("time", "a duration since the beginning such as 90s, or RFC 3339");
    }
  }

  std::optional<double> Number(std::string_view column, const NumberRange& range) {
    const std::string_view cell = Cell(column);
    if (cell.empty()) return std::nullopt;
    double number = 0;
    const auto read = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    const bool whole = read.ec == std::errc() && read.ptr == cell.data() + cell.size() && std::isfinite(number);
    if (whole && number >= range.least && number <= range.most) return number;
    Refuse(column, range.wanted);
    return std::nullopt;
  }

  std::optional<bool> Flag(std::string_view column) {
    const std::string_view cell = Cell(column);
    if (cell.empty()) return std::nullopt;
    if (cell != "up" && cell != "down") Refuse(column, "up or down");
    return cell == "up";
  }

  const std::vector<std::string_view>& header_;
  const std::vector<std::string_view>& cells_;
  std::string problem_;
};

base::Status CheckHeader(const std::vector<std::string_view>& header) {
  for (const std::string_view column : header) {
    if (std::ranges::find(kColumns, column) == kColumns.end()) {
      return Fail(ErrorCode::kInvalid,
                  fmt::format("no column is called \"{}\"; columns: {}", column.substr(0, 64), fmt::join(kColumns, ", ")));
    }
    if (std::ranges::count(header, column) > 1) return Fail(ErrorCode::kInvalid, fmt::format("two columns are called {}", column));
  }
  if (std::ranges::find(header, "time") == header.end()) return Fail(ErrorCode::kInvalid, "the column time is missing");
  return {};
}

/// Reads line by line; remembers how times are written and which the last one was.
class TraceReader {
 public:
  base::Status Take(std::string_view line) {
    const auto cells = Cells(line);
    if (header_.empty()) {
      header_ = cells;
      return CheckHeader(header_);
    }
    if (cells.size() > header_.size()) return Fail(ErrorCode::kInvalid, "has more cells than the header");
    if (rows_.size() >= kMostTraceRows)
      return Fail(ErrorCode::kInvalid, fmt::format("is beyond the {} rows that are read", kMostTraceRows));
    Stamp stamp;
    auto row = RowReader(header_, cells).Read(stamp);
    if (!row) return Fail(row.error());
    if (rows_.empty()) first_ = stamp;
    if (stamp.absolute != first_.absolute) return Fail(ErrorCode::kInvalid, "times must all be durations, or all RFC 3339");
    row->from = stamp.absolute ? stamp.time - first_.time : stamp.time;
    if (!rows_.empty() && row->from < rows_.back().from) return Fail(ErrorCode::kInvalid, "is earlier than the row before it");
    rows_.push_back(std::move(*row));
    return {};
  }
  [[nodiscard]] bool HasHeader() const { return !header_.empty(); }
  std::vector<TraceRow> Rows() { return std::move(rows_); }

 private:
  std::vector<std::string_view> header_;
  std::vector<TraceRow> rows_;
  Stamp first_;
};

template <typename T>
void Set(T& into, const std::optional<T>& value) {
  if (value) into = *value;
}

}  // namespace

Result<Trace> Trace::Read(std::string_view csv, Moment begin) {
  TraceReader reader;
  int number = 0;
  while (!csv.empty()) {
    const auto end = csv.find('\n');
    const std::string_view line = Trim(csv.substr(0, end));
    csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (const auto read = reader.Take(line); !read)
      return Fail(ErrorCode::kInvalid, fmt::format("line {}: {}", number, read.error().message));
  }
  if (!reader.HasHeader()) return Fail(ErrorCode::kInvalid, "is empty: the first line names the columns");
  return Trace(begin, reader.Rows());
}

const Moment& TraceCursor::At(Millis at) {
  const auto& rows = trace_->rows();
  for (; next_ < rows.size() && rows[next_].from <= at; ++next_) {
    const TraceRow& row = rows[next_];
    const bool about = (row.component.empty() || row.component == component_) && (row.metric.empty() || row.metric == metric_);
    if (!about) continue;
    Set(now_.requests, row.requests);
    Set(now_.legacy_bad, row.legacy_bad);
    Set(now_.target_bad, row.target_bad);
    if (row.value) now_.value = row.value;
    Set(now_.source, row.source);
    Set(now_.target, row.target);
  }
  return now_;
}

std::optional<Millis> Trace::NextAfter(Millis at) const {
  const auto it = std::ranges::upper_bound(rows_, at, {}, &TraceRow::from);
  return it == rows_.end() ? std::nullopt : std::optional(it->from);
}

}  // namespace softmig::simulate
