#include <nlohmann/json.hpp>

#include "providers/answer.hpp"
#include "providers/influxdb/influxdb_provider.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

/// The one column that is not the time; nothing where there are none or several.
std::optional<std::size_t> ValueColumn(const json& columns) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == "time") continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

/// The last row that is no null.
Reading LastOf(const json& series) {
  const json* columns = Member(series, "columns");
  const json* rows = Member(series, "values");
  if (columns == nullptr || !columns->is_array() || rows == nullptr || !rows->is_array()) {
    return Fault("a series of the answer has no columns or no values");
  }
  const auto column = ValueColumn(*columns);
  if (!column) return Fault("the query gives several columns, want one besides time: select one field");
  for (auto row = rows->rbegin(); row != rows->rend(); ++row) {
    if (!row->is_array() || row->size() != columns->size()) return Fault("a row of the answer has not the columns of its series");
    const Reading reading = ReadJsonNumber(&(*row)[*column]);
    if (reading.kind != Reading::Kind::kNoData) return reading;
  }
  return {};
}

std::string NameOf(const json& series) {
  const json* tags = Member(series, "tags");
  return TextMember(series, "name") + "|" + (tags == nullptr ? "" : tags->dump(-1, ' ', false, json::error_handler_t::replace));
}

Reading ReadStatement(const json& statement) {
  if (const std::string error = TextMember(statement, "error"); !error.empty()) return Fault("InfluxDB says: " + error);
  if (const json* partial = Member(statement, "partial"); partial != nullptr && *partial == true) return Fault("the answer is partial");
  const json* series = Member(statement, "series");
  if (series == nullptr) return {};
  if (!series->is_array()) return Fault("the answer has no list of series");
  std::vector<NamedValue> values;
  for (const json& one : *series) values.push_back({NameOf(one), LastOf(one)});
  return ReadingOfValues(values);
}

}  // namespace

base::Result<http::Request> InfluxQlProvider::Request(const Query& query) const {
  if (database_.empty()) return base::Fail(base::ErrorCode::kInvalid, "the database is empty");
  auto request = FormRequest(query.address, "/query", "db=" + http::UrlEncode(database_) + "&epoch=ms&q=" + http::UrlEncode(query.text));
  if (request && request->method != http::Method::kGet)
    return base::Fail(base::ErrorCode::kInvalid, "the query is longer than a URL may be");
  return request;
}

Reading InfluxQlProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  if (const std::string error = TextMember(*answer, "error"); !error.empty()) return Fault("InfluxDB says: " + error);
  const json* results = Member(*answer, "results");
  if (results == nullptr || !results->is_array()) return Fault("the answer has no results; does the address speak InfluxQL?");
  if (results->size() != 1) return Fault("the answer has " + std::to_string(results->size()) + " results, want one: write one statement");
  return ReadStatement(results->front());
}

}  // namespace softmig::providers
