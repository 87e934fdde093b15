#include "fuzz/targets/readings.hpp"
#include "providers/prometheus/prometheus_provider.hpp"

namespace softmig::fuzz {
namespace {

/// "start step count", seconds; a count of at most 99.
providers::RangeQuery RangeOf(std::string_view line) {
  const auto number = [&line] {
    const int value = NumberOf(line);
    line.remove_prefix(std::min(line.find(' '), line.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    return std::chrono::seconds(value);
  };
  providers::RangeQuery query{"http://h", "up", base::WallTime(number()), {}, number()};
  query.end = query.start + query.step * (number().count() % 100);
  return query;
}

}  // namespace

int FuzzPrometheusRange(Bytes data) {
  std::string_view text = TextOf(data);
  const int status = NumberOf(TakeLine(text));
  const providers::RangeQuery query = RangeOf(TakeLine(text));
  const http::Response response{status, {}, std::string(text)};
  const providers::PrometheusProvider provider;
  const providers::RangeReadings readings = provider.ParseRange(response, query);
  const std::size_t wanted = providers::InstantsOf(query).value_or(0);
  Require(readings.readings.size() == (readings.error.empty() ? wanted : 0), "a reading for every instant, or an error");
  Require(IsUtf8(readings.error) && !HasControlBytes(readings.error) && readings.error.size() <= 256, "the error is one short line");
  if (readings.error.empty()) {
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    Require(body.is_object() && body.value("status", nlohmann::json()) == "success", "numbers come from a success");
    Require(status >= 200 && status < 300, "only a 2xx answer holds numbers");
  }
  for (const model::Reading& reading : readings.readings) CheckShape(reading);
  const auto histograms = provider.ParseHistogramRange(response, query, 1);
  Require(histograms.error == readings.error, "an answer is whole or not, whatever is read from it");
  for (const auto& reading : histograms.readings) {
    CheckShape(reading.above);
    Require(reading.above.kind == reading.total.kind, "above and total go together");
  }
  return 0;
}

}  // namespace softmig::fuzz
