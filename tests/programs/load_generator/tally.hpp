#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/clock.hpp"

namespace softmig::programs {

/// One request that came to its end.
struct Outcome {
  std::int64_t at_ms = 0;                ///< wall time of the answer, or of giving up
  std::chrono::microseconds latency{0};  ///< from the moment it was due, so waiting for a connection counts
  std::string served_by;                 ///< the answer's x-served-by; "none" without an answer or header
  std::string error;                     ///< empty: good; else the status ("503") or "timeout", "connect", "closed", "no_connection"
};

/// What users saw. Not thread-safe.
class Tally {
 public:
  void Sent() { ++sent_; }
  void Add(const Outcome& outcome);
  /// Everything: totals, every 100 ms bucket, every error (the first kMaxErrors).
  [[nodiscard]] nlohmann::json Summary() const;
  /// Totals and the last second's buckets; small enough to write five times a second.
  [[nodiscard]] nlohmann::json State(std::int64_t now_ms) const;

 private:
  static constexpr std::int64_t kBucketMs = 100;
  static constexpr std::size_t kMaxErrors = 10'000;
  static constexpr std::size_t kLatencyCells = 4'001;  ///< one a millisecond, the last for all above

  struct Bucket {
    std::map<std::string, std::uint64_t> good;    ///< by served_by
    std::map<std::string, std::uint64_t> failed;  ///< by served_by
  };
  [[nodiscard]] nlohmann::json Totals() const;
  [[nodiscard]] nlohmann::json Buckets(std::int64_t from_ms) const;
  [[nodiscard]] std::uint64_t Percentile(double share) const;

  std::uint64_t sent_ = 0;
  std::uint64_t good_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::string, std::uint64_t> errors_by_cause_;
  std::map<std::string, std::uint64_t> by_version_;
  std::map<std::string, std::int64_t> first_answer_ms_;
  std::map<std::string, std::int64_t> last_answer_ms_;
  std::map<std::int64_t, Bucket> buckets_;  ///< by start, Unix milliseconds
  std::deque<Outcome> errors_;
  std::array<std::uint64_t, kLatencyCells> latencies_{};
};

}  // namespace softmig::programs
