#include "providers/newrelic/newrelic_provider.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

constexpr const char* kGraphQl =
    "query($account: Int!, $nrql: Nrql!) { actor { account(id: $account) { nrql(query: $nrql) { results } } } }";

/// Follows names; null where one is missing.
const json* At(const json& value, std::initializer_list<const char*> way) {
  const json* found = &value;
  for (const char* name : way) {
    found = Member(*found, name);
    if (found == nullptr) return nullptr;
  }
  return found;
}

bool NamesTheRow(const std::string& member) {
  return member == "beginTimeSeconds" || member == "endTimeSeconds" || member == "timestamp" || member == "facet";
}

/// The one number of a row such as {"average.duration": 0.2} or {"percentile.duration": {"95": 0.7}}. Texts name the row.
Reading NumberOf(const json& row) {
  if (!row.is_object()) return Fault("a row of the answer is no object");
  Reading found;
  int values = 0;
  for (const auto& [name, value] : row.items()) {
    const bool nested = value.is_object() && value.size() == 1;
    const json& inner = nested ? value.front() : value;
    if (NamesTheRow(name) || inner.is_string() || inner.is_array()) continue;
    if (++values > 1) return Fault("the query gives several numbers in a row, want one: select one value");
    found = ReadJsonNumber(&inner);
  }
  return values == 0 ? Fault("a row of the answer holds no number") : found;
}

std::string NameOf(const json& row) {
  const json* facet = Member(row, "facet");
  return facet == nullptr ? "" : facet->dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

base::Result<http::Request> NewRelicProvider::Request(const Query& query) const {
  if (account_ <= 0) return base::Fail(base::ErrorCode::kInvalid, "the account is a number above zero");
  return JsonRequest(query.address, "/graphql", {{"query", kGraphQl}, {"variables", {{"account", account_}, {"nrql", query.text}}}});
}

Reading NewRelicProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  if (const json* errors = Member(*answer, "errors"); errors != nullptr && !errors->empty()) {
    return Fault("New Relic says: " + ErrorWords(*answer));
  }
  const json* results = At(*answer, {"data", "actor", "account", "nrql", "results"});
  if (results == nullptr || !results->is_array())
    return Fault("the answer has no results; does the address speak NerdGraph, and is the account right?");
  std::vector<NamedValue> rows;
  for (const json& row : *results) rows.push_back({NameOf(row), NumberOf(row)});
  if (rows.size() > 1 && rows[0].name.empty())
    return Fault("the query gives " + std::to_string(rows.size()) + " rows, want one: leave TIMESERIES out");
  return ReadingOfValues(rows);
}

Credentials NewRelicCredentials(Secret user_key) {
  Credentials credentials;
  credentials.headers = {{"API-Key", std::move(user_key)}};
  return credentials;
}

}  // namespace softmig::providers
