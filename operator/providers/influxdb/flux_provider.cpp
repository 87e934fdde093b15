#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "providers/answer.hpp"
#include "providers/influxdb/csv.hpp"
#include "providers/influxdb/influxdb_provider.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;
using Row = std::vector<std::string>;

/// The columns of the table that is being read.
struct Table {
  Row header;
  std::size_t value = 0;
};

std::size_t ColumnOf(const Row& header, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
}

/// Which table of which result: the columns of those names, and never the value or times.
std::string NameOf(const Table& table, const Row& row) {
  std::string name;
  for (const char* column : {"result", "table"}) {
    const std::size_t at = ColumnOf(table.header, column);
    if (at < row.size()) name += row[at] + "|";
  }
  return name;
}

/// CSV may hold any bytes, words must be UTF-8.
Reading ValueOf(const std::string& field) {
  if (field.empty()) return {};
  return field.size() > kMaxMessage ? Fault("a value of the answer is no number") : ReadNumber(AsciiOf(field));
}

/// A table of errors, as it comes where a query fails after its first rows were sent.
Reading FluxError(const Row& header, const Row& row) {
  const std::size_t at = ColumnOf(header, "error");
  return Fault("InfluxDB says: " + AsciiOf(at < row.size() ? row[at] : ""));
}

Reading ReadTables(const std::string& body) {
  CsvRows rows(body);
  Table table;
  std::vector<NamedValue> values;
  while (const auto row = rows.Next()) {
    if (row->size() == 1 && row->front().empty()) {
      table.header.clear();  // what follows begins with its own header
      continue;
    }
    if (row->front().starts_with('#')) continue;
    if (table.header.empty()) {
      table = {*row, ColumnOf(*row, "_value")};
      continue;
    }
    if (ColumnOf(table.header, "error") < table.header.size()) return FluxError(table.header, *row);
    if (table.value == table.header.size()) return Fault("the answer has no column _value");
    if (row->size() != table.header.size()) return Fault("a row of the answer has not the columns of its table");
    const std::string name = NameOf(table, *row);
    if (values.empty() || values.back().name != name) values.push_back({name, {}});
    values.back().reading = ValueOf((*row)[table.value]);
  }
  if (rows.cut()) return Fault("the answer ends within a row, or is no CSV: " + AsciiOf(body));
  const bool only_header = !table.header.empty() && values.empty();
  if (only_header && table.value == table.header.size()) return Fault("the answer is no table of numbers: " + AsciiOf(body));
  return ReadingOfValues(values);
}

}  // namespace

base::Result<http::Request> InfluxDbProvider::Request(const Query& query) const {
  if (organization_.empty()) return base::Fail(base::ErrorCode::kInvalid, "the organization is empty");
  const json body{{"query", query.text},
                  {"type", "flux"},
                  {"now", base::FormatRfc3339(query.at)},
                  {"dialect", {{"header", true}, {"delimiter", ","}, {"annotations", json::array()}}}};
  auto request = JsonRequest(query.address, "/api/v2/query?org=" + http::UrlEncode(organization_), body);
  if (request) request->headers[0].second = "application/csv";
  return request;
}

Reading InfluxDbProvider::Parse(const http::Response& response) const {
  if (!IsSuccess(response)) return *RefusalOfJson(response, ParseBody(response.body));
  if (response.body.size() > kMaxBody) return Fault("the answer is larger than 1 MiB");
  return ReadTables(response.body);
}

Credentials InfluxDbCredentials(const Secret& token) {
  Credentials credentials;
  credentials.headers = {{"Authorization", Secret("Token " + token.Reveal())}};
  return credentials;
}

}  // namespace softmig::providers
