#include <array>
#include <memory>

#include "fuzz/targets/readings.hpp"
#include "providers/cloudwatch/cloudwatch_provider.hpp"
#include "providers/datadog/datadog_provider.hpp"
#include "providers/graphite/graphite_provider.hpp"
#include "providers/influxdb/influxdb_provider.hpp"
#include "providers/job/job_provider.hpp"
#include "providers/newrelic/newrelic_provider.hpp"
#include "providers/web/web_provider.hpp"

namespace softmig::fuzz {
namespace {

using namespace providers;

std::unique_ptr<MetricProvider> ServiceOf(char digit) {
  switch (digit) {
    case '0': return std::make_unique<DatadogProvider>();
    case '1': return std::make_unique<DatadogProvider>(DatadogSettings{DatadogSettings::Api::kScalar});
    case '2': return std::make_unique<CloudWatchProvider>(CloudWatchSettings{{"A", Secret("s3cr3t-key"), Secret("s3cr3t-session"), "r"}});
    case '3': return std::make_unique<NewRelicProvider>(1);
    case '4': return std::make_unique<GraphiteProvider>();
    case '6': return std::make_unique<JobProvider>("shop", "a=b");
    default: return std::make_unique<InfluxQlProvider>("db");
  }
}

void CheckAnswer(const MetricProvider& provider, const http::Response& response) {
  const model::Reading reading = provider.Parse(response);
  CheckShape(reading);
  const bool success = response.status >= 200 && response.status < 300;
  Require(success || reading.kind == model::Reading::Kind::kError, "only a 2xx answer holds anything");
  Require(provider.Parse(response) == reading, "the same answer gives the same reading");
}

bool IsJson(const std::string& body) { return !nlohmann::json::parse(body, nullptr, false).is_discarded(); }

}  // namespace

int FuzzServices(Bytes data) {
  std::string_view text = TextOf(data);
  std::string_view first = TakeLine(text);
  const auto provider = ServiceOf(first.empty() ? '0' : first.front());
  first.remove_prefix(std::min<std::size_t>(first.size(), 2));
  const http::Response response{NumberOf(first), {}, std::string(text)};
  CheckAnswer(*provider, response);
  Require(!HasNumbers(provider->Parse(response)) || IsJson(response.body), "a number comes out of JSON");
  return 0;
}

int FuzzWeb(Bytes data) {
  std::string_view text = TextOf(data);
  const auto selection = Selection::Parse(TakeLine(text));
  if (!selection) {
    Require(selection.error().message.size() < 200 && !HasControlBytes(selection.error().message), "a refusal is one short line");
    return 0;
  }
  const WebProvider provider({*selection});
  const int status = NumberOf(TakeLine(text));
  const http::Response response{status, {}, std::string(text)};
  if (!IsUtf8(std::string(TextOf(data)))) return 0;  // a selection comes from a spec, which is UTF-8
  CheckAnswer(provider, response);
  Require(provider.Parse(response).kind != model::Reading::Kind::kSeries, "a selection gives one number");
  return 0;
}

int FuzzFlux(Bytes data) {
  std::string_view text = TextOf(data);
  const int status = NumberOf(TakeLine(text));
  const http::Response response{status, {}, std::string(text)};
  const InfluxDbProvider provider("org");
  CheckAnswer(provider, response);
  Require(!HasNumbers(provider.Parse(response)) || text.ends_with('\n'), "a number stands in a whole row");
  return 0;
}

}  // namespace softmig::fuzz
