#include <cmath>
#include <cstdlib>
#include <set>
#include <vector>

#include "fuzz/targets/readings.hpp"
#include "providers/prometheus/prometheus_provider.hpp"

namespace softmig::fuzz {
namespace {

using Kind = model::Reading::Kind;

/// The number of a series' point, or of a scalar.
double NumberIn(const nlohmann::json& point) { return std::strtod(point.at(1).get<std::string>().c_str(), nullptr); }

/// A number must stand in the body: an answer that says nothing never looks healthy.
void CheckNumbers(const model::Reading& reading, const http::Response& response) {
  Require(response.status >= 200 && response.status < 300, "only a 2xx answer holds a number");
  Require(reading.message.empty(), "a number needs no words");
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  Require(body.is_object() && body.value("status", nlohmann::json()) == "success", "a number comes from a success");
  const nlohmann::json& result = body.at("data").at("result");
  if (body.at("data").at("resultType") == "scalar") {
    Require(reading.kind == Kind::kNumber && NumberIn(result) == reading.number, "a scalar is read as it is");
    return;
  }
  std::vector<model::SeriesPoint> points = reading.series;
  if (reading.kind == Kind::kNumber) points.push_back({reading.id, reading.number});
  Require(points.size() == result.size(), "no series is left out");
  Require(reading.kind == Kind::kNumber || points.size() > 1, "several series are more than one");
  std::set<std::uint64_t> ids;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Require(std::isfinite(points[i].number), "a number is finite");
    Require(NumberIn(result.at(i).at("value")) == points[i].number, "the number is what the answer says");
    Require(ids.insert(points[i].id).second, "no series is there twice");
  }
}

/// Above and total go together, series by series.
void CheckHistogram(const providers::HistogramReadings& readings) {
  CheckShape(readings.above);
  CheckShape(readings.total);
  Require(readings.above.kind == readings.total.kind && readings.above.id == readings.total.id, "both are of one kind");
  Require(readings.above.message == readings.total.message, "both have the same reason");
  Require(readings.above.number >= 0 || readings.total.number < 0, "what is above a bound is no negative number");
  Require(readings.above.series.size() == readings.total.series.size(), "both have the same series");
  for (std::size_t i = 0; i < readings.above.series.size(); ++i) {
    Require(readings.above.series[i].id == readings.total.series[i].id, "both have the same series in the same order");
  }
}

}  // namespace

int FuzzPrometheus(Bytes data) {
  std::string_view text = TextOf(data);
  const int status = NumberOf(TakeLine(text));
  const http::Response response{status, {}, std::string(text)};
  const providers::PrometheusProvider provider;
  const model::Reading reading = provider.Parse(response);
  if (reading.kind == Kind::kNumber || reading.kind == Kind::kSeries) {
    CheckNumbers(reading, response);
  } else {
    CheckWords(reading);
  }
  CheckHistogram(provider.ParseHistogram(response, 0.5));
  Require(provider.Parse(response) == reading, "the same answer gives the same reading");
  return 0;
}

}  // namespace softmig::fuzz
