#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace softmig::simulate {

/// What a metric would see at one moment. Shares are of requests, 0 to 1.
struct Moment {
  double requests = 0;  ///< a second, of all users of the component
  double legacy_bad = 0, target_bad = 0;
  std::optional<double> value{};  ///< of a metric that is one number
  bool source = true;             ///< it answers
  bool target = true;             ///< the target has a ready endpoint
};

/// One row: from `from` on; what is not set stays as it was.
struct TraceRow {
  base::Millis from{0};   ///< since the beginning
  std::string component;  ///< empty: all
  std::string metric;     ///< empty: all
  std::optional<double> requests, legacy_bad, target_bad, value;
  std::optional<bool> source, target;
};

/// What happens to users and to both systems, in order of time. Immutable once made.
class Trace {
 public:
  /// REQUIRES: sorted by `from`.
  Trace(Moment begin, std::vector<TraceRow> rows) : begin_(begin), rows_(std::move(rows)) {}

  /// CSV with a header; any order of columns: time (a duration such as 90s, or RFC 3339), component, metric, requests, legacy_bad,
  /// target_bad, value, source and target (up or down). Lines that begin with # and blank ones are skipped. kInvalid names the line.
  static base::Result<Trace> Read(std::string_view csv, Moment begin);

  /// The first change after `at`.
  [[nodiscard]] std::optional<base::Millis> NextAfter(base::Millis at) const;
  [[nodiscard]] const std::vector<TraceRow>& rows() const { return rows_; }
  [[nodiscard]] const Moment& begin() const { return begin_; }

 private:
  Moment begin_;
  std::vector<TraceRow> rows_;
};

/// Follows one metric of one component through a trace; time never goes back.
class TraceCursor {
 public:
  /// `trace` must outlive it. Empty names: what holds for all.
  TraceCursor(const Trace& trace, std::string component, std::string metric)
      : trace_(&trace), component_(std::move(component)), metric_(std::move(metric)), now_(trace.begin()) {}
  /// REQUIRES: not earlier than asked before.
  const Moment& At(base::Millis at);

 private:
  const Trace* trace_;
  std::string component_, metric_;
  std::size_t next_ = 0;
  Moment now_;
};

inline constexpr std::size_t kMostTraceRows = 100'000;

}  // namespace softmig::simulate
