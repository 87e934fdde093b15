#include "providers/datadog/datadog_provider.hpp"

#include <nlohmann/json.hpp>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

/// The newest of [[milliseconds, number or null], …] that is no null.
Reading NewestPoint(const json& series) {
  const json* points = Member(series, "pointlist");
  if (points == nullptr || !points->is_array()) return Fault("a series of the answer has no pointlist");
  for (auto point = points->rbegin(); point != points->rend(); ++point) {
    if (!point->is_array() || point->size() != 2) return Fault("a series of the answer holds no [time, number] pair");
    const Reading reading = ReadJsonNumber(&(*point)[1]);
    if (reading.kind != Reading::Kind::kNoData) return reading;
  }
  return {};
}

Reading ReadTimeseries(const json& answer) {
  const json* series = Member(answer, "series");
  if (TextMember(answer, "status") == "error" || !TextMember(answer, "error").empty()) return Fault("Datadog says: " + ErrorWords(answer));
  if (series == nullptr || !series->is_array()) return Fault("the answer has no series list; does the address speak Datadog's API?");
  std::vector<NamedValue> values;
  for (const json& one : *series) {
    values.push_back({TextMember(one, "expression") + "|" + TextMember(one, "scope"), NewestPoint(one)});
  }
  return ReadingOfValues(values);
}

/// Columns of groups name the rows; there must be one of numbers.
Reading ReadScalar(const json& answer) {
  if (Member(answer, "errors") != nullptr) return Fault("Datadog says: " + ErrorWords(answer));
  const json* data = Member(answer, "data");
  const json* attributes = data == nullptr ? nullptr : Member(*data, "attributes");
  const json* columns = attributes == nullptr ? nullptr : Member(*attributes, "columns");
  if (columns == nullptr || !columns->is_array())
    return Fault("the answer has no data.attributes.columns; does the address speak Datadog's API?");
  std::vector<NamedValue> rows;
  const json* numbers = nullptr;
  for (const json& column : *columns) {
    if (TextMember(column, "type") != "number") continue;
    if (numbers != nullptr) return Fault("the query gives several numbers, want one");
    numbers = Member(column, "values");
  }
  if (numbers == nullptr) return {};
  if (!numbers->is_array()) return Fault("a column of the answer has no list of values");
  for (const json& number : *numbers) rows.push_back({"row " + std::to_string(rows.size()), ReadJsonNumber(&number)});
  return ReadingOfValues(rows);
}

json ScalarBody(const Query& query, const DatadogSettings& settings) {
  const auto to = query.at.time_since_epoch().count();
  const json metric{{"data_source", "metrics"}, {"name", "a"}, {"query", query.text}, {"aggregator", settings.aggregator}};
  const json attributes{{"from", to - settings.window.count()},
                        {"to", to},
                        {"queries", json::array({metric})},
                        {"formulas", json::array({json{{"formula", "a"}}})}};
  return {{"data", {{"type", "scalar_request"}, {"attributes", attributes}}}};
}

}  // namespace

base::Result<http::Request> DatadogProvider::Request(const Query& query) const {
  if (settings_.window.count() <= 0) return base::Fail(base::ErrorCode::kInvalid, "the window must be above zero");
  if (settings_.api == DatadogSettings::Api::kScalar) {
    return JsonRequest(query.address, "/api/v2/query/scalar", ScalarBody(query, settings_));
  }
  auto request = FormRequest(
      query.address, "/api/v1/query",
      "from=" + WholeSeconds(query.at - settings_.window) + "&to=" + WholeSeconds(query.at) + "&query=" + http::UrlEncode(query.text));
  if (request && request->method != http::Method::kGet)
    return base::Fail(base::ErrorCode::kInvalid, "the query is longer than a URL may be");
  return request;
}

Reading DatadogProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  return settings_.api == DatadogSettings::Api::kScalar ? ReadScalar(*answer) : ReadTimeseries(*answer);
}

Credentials DatadogCredentials(Secret api_key, Secret application_key) {
  Credentials credentials;
  credentials.headers = {{"DD-API-KEY", std::move(api_key)}, {"DD-APPLICATION-KEY", std::move(application_key)}};
  return credentials;
}

}  // namespace softmig::providers
