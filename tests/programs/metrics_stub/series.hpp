#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async_server/async_server.hpp"
#include "base/result.hpp"

namespace softmig::programs {

/// How a query is answered.
enum class Mode { kValue, kCounter, kNan, kEmpty, kMany, kHttpError, kSlow, kHang, kSyntaxError, kGarbage };

struct Behaviour {
  Mode mode = Mode::kValue;
  std::string value = "0";  ///< as Prometheus writes it; of kCounter: by how much it grows each second
  base::Millis delay{0};    ///< of kSlow, and of any other mode where above 0
};

/// The instants first, first + step, … last of a range query.
struct Range {
  base::WallTime first, last;
  base::Millis step{1000};
};

/// Names with their behaviour. A query selects a name by a label, series="NAME"; without it by its whole text.
/// Not thread-safe: the server has one thread.
class SeriesTable {
 public:
  /// The answer to a query, evaluated at `at` (what Prometheus puts beside a value). `now`: for the statistics.
  AsyncReply Answer(std::string_view query, base::WallTime at, base::WallTime now);
  /// Only of values and counters, whole steps, at most 11,000 of them as Prometheus has it.
  AsyncReply AnswerRange(std::string_view query, const Range& range, base::WallTime now);
  /// {"name": N} or {"prefix": P}, with "value" (number or text), "mode" and "delay_ms"; or a list of such objects.
  /// A prefix also holds for names seen later. Answers {"set_at_ms": T}.
  AsyncReply Set(std::string_view body, base::WallTime now);
  /// Totals and, for each name: queries, set_at_ms and the time of the first answer after it (0: none yet).
  [[nodiscard]] AsyncReply Stats() const;

 private:
  struct Series {
    Behaviour behaviour;
    std::uint64_t queries = 0;
    std::int64_t set_at_ms = 0;
    std::int64_t first_answer_ms = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Rule {
    std::string prefix;
    Behaviour behaviour;
    std::int64_t set_at_ms = 0;
  };

  Series& Find(std::string_view name);
  Series& Count(std::string_view query, base::WallTime now);
  void Apply(const std::string& prefix, const Behaviour& behaviour, std::int64_t at);

  std::unordered_map<std::string, Series, Hash, std::equal_to<>> series_;
  std::vector<Rule> rules_;  ///< later ones win
  std::uint64_t queries_ = 0;
};

}  // namespace softmig::programs
