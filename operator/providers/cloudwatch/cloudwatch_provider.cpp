#include "providers/cloudwatch/cloudwatch_provider.hpp"

#include <nlohmann/json.hpp>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using base::ErrorCode;
using model::Reading;
using nlohmann::json;

/// The text itself where it is a list of queries, else a query for the expression. Nothing where it looks like a list and is none.
std::optional<json> QueriesOf(const std::string& text, base::Millis period) {
  if (!text.starts_with('[')) {
    const json one{{"Id", "q"}, {"Expression", text}, {"Period", period.count() / 1000}, {"ReturnData", true}};
    return json::array({one});
  }
  auto queries = ParseBody(text);
  if (!queries || !queries->is_array()) return std::nullopt;
  return queries;
}

/// Newest first, as was asked for.
Reading NewestOf(const json& result) {
  if (const std::string status = TextMember(result, "StatusCode"); status != "Complete") {
    return Fault("CloudWatch calls its data " + (status.empty() ? "nothing" : status) + ", want Complete");
  }
  const json* values = Member(result, "Values");
  if (values == nullptr || !values->is_array()) return Fault("a result of the answer has no list of values");
  return values->empty() ? Reading{} : ReadJsonNumber(&values->front());
}

std::optional<std::string> WhyNot(const CloudWatchSettings& settings) {
  if (settings.window.count() <= 0) return "the window must be above zero";
  if (settings.period.count() <= 0 || settings.period.count() % 1000 != 0) return "the period is whole seconds";
  return std::nullopt;
}

}  // namespace

base::Result<http::Request> CloudWatchProvider::Request(const Query& query) const {
  if (const auto why = WhyNot(settings_)) return base::Fail(ErrorCode::kInvalid, *why);
  const auto queries = QueriesOf(query.text, settings_.period);
  if (!queries) return base::Fail(ErrorCode::kInvalid, "the query begins like a list of MetricDataQueries and is no JSON");
  const auto end = std::chrono::floor<std::chrono::seconds>(query.at.time_since_epoch()).count();
  const auto window = std::chrono::ceil<std::chrono::seconds>(settings_.window).count();
  auto request =
      JsonRequest(query.address, "/",
                  {{"MetricDataQueries", *queries}, {"StartTime", end - window}, {"EndTime", end}, {"ScanBy", "TimestampDescending"}});
  if (!request) return request;
  request->headers = {{"Accept", "application/json"},
                      {"Content-Type", "application/x-amz-json-1.0"},
                      {"X-Amz-Target", "GraniteServiceVersion20100801.GetMetricData"}};
  if (auto is_signed = SignAws(*request, settings_.keys, "monitoring", query.at); !is_signed) return base::Fail(is_signed.error());
  return request;
}

Reading CloudWatchProvider::Parse(const http::Response& response) const {
  if (!IsSuccess(response)) {
    http::Response shown = response;  // an error about the signature repeats what was signed, a session token too
    Hide(settings_.keys.secret_access_key, shown.body);
    if (settings_.keys.session_token) Hide(*settings_.keys.session_token, shown.body);
    return *RefusalOfJson(shown, ParseBody(shown.body));
  }
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  const json* results = Member(*answer, "MetricDataResults");
  if (results == nullptr || !results->is_array())
    return Fault("the answer has no MetricDataResults; does the address speak CloudWatch's API?");
  std::vector<NamedValue> values;
  for (const json& result : *results) values.push_back({TextMember(result, "Id") + "|" + TextMember(result, "Label"), NewestOf(result)});
  return ReadingOfValues(values);
}

}  // namespace softmig::providers
