#include "providers/prometheus/prometheus_provider.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "providers/answer.hpp"
#include "providers/prometheus/envelope.hpp"
#include "providers/prometheus/matrix_reader.hpp"
#include "providers/prometheus/readings.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

/// Without it VictoriaMetrics answers for up to half a minute earlier than asked, and moves the instants of ranges: counters would seem to
/// fall where a replay meets the next poll. The others ignore it.
constexpr const char* kExactly = "&nocache=1";
constexpr const char* kNativeSeries = "the query gives a histogram, want a number: use histogram_quantile(...) or alike";
constexpr const char* kNativeBuckets =
    "this is a native histogram, whose buckets cannot tell exactly what is above a bound: have Prometheus keep the classic buckets too "
    "(always_scrape_classic_histograms) and ask for those";

/// Unix time in seconds with milliseconds, as the API takes it.
std::string UnixSeconds(base::Millis since_1970) {
  const long long total = since_1970.count();
  const long long seconds = total >= 0 ? total / 1000 : 0;
  std::string millis = std::to_string(total >= 0 ? total % 1000 : 0);
  millis.insert(0, 3 - millis.size(), '0');
  return std::to_string(seconds) + "." + millis;
}
std::string UnixSeconds(base::WallTime at) { return UnixSeconds(at.time_since_epoch()); }

std::string MissingIn(const json& answer) {
  const json* partial = Member(answer, "isPartial");
  if (partial != nullptr && *partial == true) return "the server says that its answer is partial";
  const json* warnings = Member(answer, "warnings");
  if (warnings == nullptr || !warnings->is_array()) return {};
  for (const json& warning : *warnings) {
    if (warning.is_string() && TellsOfMissingData(warning.get_ref<const std::string&>())) return warning.get<std::string>();
  }
  return {};
}

std::optional<Envelope> EnvelopeOf(const std::optional<json>& answer) {
  if (!answer || !answer->is_object()) return std::nullopt;
  const json* data = Member(*answer, "data");
  return Envelope{TextMember(*answer, "status"), TextMember(*answer, "errorType"), TextMember(*answer, "error"),
                  data == nullptr ? "" : TextMember(*data, "resultType"), MissingIn(*answer)};
}

/// [time, "number"].
Reading ReadPoint(const json* point) {
  if (point == nullptr || !point->is_array() || point->size() != 2 || !(*point)[1].is_string()) {
    return Fault("the answer holds no [time, \"number\"] pair");
  }
  return ReadNumber((*point)[1].get_ref<const std::string&>());
}

Reading ReadSeries(const json& series, const char* native) {
  return Member(series, "histogram") != nullptr ? Fault(native) : ReadPoint(Member(series, "value"));
}

std::string NoVector(const std::string& type, const char* wanted) {
  return "the query gives a " + (type.empty() ? "result of unknown type" : type) + ", want " + wanted;
}

/// Gives every series to the builder; else why there are none.
template <typename Builder>
std::optional<Reading> ReadInstant(const http::Response& response, Builder& builder, const char* native) {
  if (response.body.size() > kMaxBody) return Fault("the answer is larger than 1 MiB");
  const std::optional<json> answer = ParseBody(response.body);
  const std::optional<Envelope> envelope = EnvelopeOf(answer);
  if (auto refusal = Refusal(response, envelope)) return refusal;
  const json* data = Member(*answer, "data");
  const json* result = data == nullptr ? nullptr : Member(*data, "result");
  if (result == nullptr || !result->is_array()) return Fault("the answer has no data.result list");
  if (envelope->result_type == "scalar") {
    builder.Add({}, ReadPoint(result));
    return std::nullopt;
  }
  if (envelope->result_type != "vector") return Fault(NoVector(envelope->result_type, "one number"));
  for (const json& series : *result) builder.Add(NameOf(Member(series, "metric")), ReadSeries(series, native));
  return std::nullopt;
}

/// Gives every point to the builder of its instant; else why nothing can be read.
template <typename Builder>
std::string ReadRange(const http::Response& response, const RangeQuery& query, std::vector<Builder>& builders, const char* native) {
  if (response.body.size() > kMaxRangeBody) return "the answer is larger than 16 MiB";
  std::string error;
  MatrixReader reader{builders.size(), native, {}};
  std::vector<std::size_t> seen_in(builders.size(), 0);  // the number of the series that last had a point there
  std::size_t number = 0;
  reader.on_series = [&](const MatrixSeries& series) {
    const SeriesName name = NameOf(&series.labels);
    ++number;
    for (const MatrixPoint& point : series.points) {
      const auto since = base::Millis(point.at) - query.start.time_since_epoch();
      if (since.count() < 0 || since % query.step != base::Millis(0) || static_cast<std::size_t>(since / query.step) >= builders.size()) {
        error = "the answer holds an instant that was not asked for: does something in front of the server align ranges?";
        return false;
      }
      const auto index = static_cast<std::size_t>(since / query.step);
      if (seen_in[index] == number) {
        error = "the answer holds an instant twice";
        return false;
      }
      seen_in[index] = number;
      builders[index].Add(name, point.reading);
    }
    return true;
  };
  MatrixOutcome outcome = ReadMatrix(response.body, reader);
  if (auto refusal = Refusal(response, outcome.envelope)) return refusal->message;
  if (const auto& type = outcome.envelope->result_type; type != "matrix") return NoVector(type, "numbers over time");
  return error.empty() ? outcome.error : error;
}

template <typename Readings, typename Builder>
Readings FinishRange(const http::Response& response, const RangeQuery& query, const Builder& empty, const char* native) {
  const auto count = InstantsOf(query);
  if (!count) return {count.error().message, {}};
  std::vector<Builder> builders(*count, empty);
  Readings readings{Fault(ReadRange(response, query, builders, native)).message, {}};
  if (!readings.error.empty()) return readings;
  readings.readings.reserve(builders.size());
  for (const Builder& builder : builders) readings.readings.push_back(builder.Finish());
  return readings;
}

}  // namespace

base::Result<http::Request> PrometheusProvider::Request(const Query& query) const {
  return FormRequest(query.address, "/api/v1/query", "query=" + http::UrlEncode(query.text) + "&time=" + UnixSeconds(query.at) + kExactly);
}

Reading PrometheusProvider::Parse(const http::Response& response) const {
  InstantBuilder builder;
  if (auto refusal = ReadInstant(response, builder, kNativeSeries)) return *refusal;
  return builder.Finish();
}

HistogramReadings PrometheusProvider::ParseHistogram(const http::Response& response, double bound) const {
  HistogramBuilder builder(bound);
  if (auto refusal = ReadInstant(response, builder, kNativeBuckets)) return {*refusal, *refusal};
  return builder.Finish();
}

base::Result<http::Request> PrometheusProvider::RangeRequest(const RangeQuery& query) const {
  if (const auto count = InstantsOf(query); !count) return base::Fail(count.error());
  return FormRequest(query.address, "/api/v1/query_range",
                     "query=" + http::UrlEncode(query.text) + "&start=" + UnixSeconds(query.start) + "&end=" + UnixSeconds(query.end) +
                         "&step=" + UnixSeconds(query.step) + kExactly);
}

RangeReadings PrometheusProvider::ParseRange(const http::Response& response, const RangeQuery& query) const {
  return FinishRange<RangeReadings>(response, query, InstantBuilder(), kNativeSeries);
}

HistogramRangeReadings PrometheusProvider::ParseHistogramRange(const http::Response& response, const RangeQuery& query,
                                                               double bound) const {
  return FinishRange<HistogramRangeReadings>(response, query, HistogramBuilder(bound), kNativeBuckets);
}

}  // namespace softmig::providers
