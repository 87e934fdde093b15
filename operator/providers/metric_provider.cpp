#include "providers/metric_provider.hpp"

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

constexpr const char* kNoPast = "this source of metrics cannot be asked about the past";
constexpr const char* kNoHistograms = "this source of metrics gives no histograms";

}  // namespace

base::Result<std::size_t> InstantsOf(const RangeQuery& query) {
  using base::ErrorCode;
  const auto start = query.start.time_since_epoch();
  if (query.step.count() <= 0) return base::Fail(ErrorCode::kInvalid, "a range needs a step above zero");
  if (start.count() < 0 || query.end < query.start) return base::Fail(ErrorCode::kInvalid, "a range begins after 1970 and before its end");
  const auto count = static_cast<std::size_t>((query.end - query.start) / query.step) + 1;
  if (count > kMaxInstants) {
    return base::Fail(ErrorCode::kInvalid, "a range of " + std::to_string(count) + " instants, at most " + std::to_string(kMaxInstants));
  }
  return count;
}

HistogramReadings MetricProvider::ParseHistogram(const http::Response& /*response*/, double /*bound*/) const {
  return {Fault(kNoHistograms), Fault(kNoHistograms)};
}

base::Result<http::Request> MetricProvider::RangeRequest(const RangeQuery& /*query*/) const {
  return base::Fail(base::ErrorCode::kInvalid, kNoPast);
}

RangeReadings MetricProvider::ParseRange(const http::Response& /*response*/, const RangeQuery& /*query*/) const { return {kNoPast, {}}; }

HistogramRangeReadings MetricProvider::ParseHistogramRange(const http::Response& /*response*/, const RangeQuery& /*query*/,
                                                           double /*bound*/) const {
  return {kNoPast, {}};
}

}  // namespace softmig::providers
