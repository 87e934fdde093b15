#include "load_generator/tally.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::programs {
namespace {
std::int64_t Millis(const Outcome& outcome) { return std::chrono::duration_cast<base::Millis>(outcome.latency).count(); }
}  // namespace

void Tally::Add(const Outcome& outcome) {
  Bucket& bucket = buckets_[outcome.at_ms / kBucketMs * kBucketMs];
  const auto cell = static_cast<std::size_t>(std::clamp<std::int64_t>(Millis(outcome), 0, kLatencyCells - 1));
  ++latencies_.at(cell);
  if (outcome.served_by != "none") {
    ++by_version_[outcome.served_by];
    first_answer_ms_.try_emplace(outcome.served_by, outcome.at_ms);
    last_answer_ms_[outcome.served_by] = outcome.at_ms;
  }
  if (outcome.error.empty()) {
    ++good_;
    ++bucket.good[outcome.served_by];
    return;
  }
  ++failed_;
  ++bucket.failed[outcome.served_by];
  ++errors_by_cause_[outcome.error];
  if (errors_.size() < kMaxErrors) errors_.push_back(outcome);
}

nlohmann::json Tally::Summary() const {
  nlohmann::json summary = Totals();
  summary["buckets"] = Buckets(0);
  nlohmann::json errors = nlohmann::json::array();
  for (const Outcome& error : errors_) {
    errors.push_back({{"at_ms", error.at_ms}, {"cause", error.error}, {"served_by", error.served_by}, {"latency_ms", Millis(error)}});
  }
  summary["errors"] = std::move(errors);
  return summary;
}

nlohmann::json Tally::State(std::int64_t now_ms) const {
  nlohmann::json state = Totals();
  state["at_ms"] = now_ms;
  state["buckets"] = Buckets(now_ms - 1'000);
  return state;
}

nlohmann::json Tally::Totals() const {
  return {{"sent", sent_},
          {"good", good_},
          {"failed", failed_},
          {"in_flight", sent_ - good_ - failed_},
          {"errors_by_cause", errors_by_cause_},
          {"answers_by_version", by_version_},
          {"first_answer_ms", first_answer_ms_},
          {"last_answer_ms", last_answer_ms_},
          {"latency_ms", {{"p50", Percentile(0.5)}, {"p99", Percentile(0.99)}, {"max", Percentile(1)}}}};
}

nlohmann::json Tally::Buckets(std::int64_t from_ms) const {
  nlohmann::json list = nlohmann::json::array();
  for (auto it = buckets_.lower_bound(from_ms); it != buckets_.end(); ++it) {
    list.push_back({{"at_ms", it->first}, {"good", it->second.good}, {"failed", it->second.failed}});
  }
  return list;
}

std::uint64_t Tally::Percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(good_ + failed_));
  std::uint64_t seen = 0;
  std::size_t last = 0;
  for (std::size_t cell = 0; cell < latencies_.size(); ++cell) {
    if (latencies_.at(cell) == 0) continue;
    seen += latencies_.at(cell);
    last = cell;
    if (seen >= wanted) break;
  }
  return last;
}

}  // namespace softmig::programs
