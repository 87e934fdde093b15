#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "providers/datadog/datadog_provider.hpp"
#include "providers/graphite/graphite_provider.hpp"
#include "providers/influxdb/csv.hpp"
#include "providers/influxdb/influxdb_provider.hpp"
#include "providers/newrelic/newrelic_provider.hpp"

/// What the conformance suite does not say: the requests, and each service's own shapes.
namespace softmig::providers {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = model::Reading::Kind;

const base::WallTime kAt{std::chrono::milliseconds(1'700'000'000'900)};

http::Request RequestOf(const MetricProvider& provider, const std::string& text) {
  auto request = provider.Request({"https://h", text, kAt});
  EXPECT_TRUE(request);
  return request.value_or(http::Request{});
}
model::Reading Parse(const MetricProvider& provider, const std::string& body) { return provider.Parse({200, {}, body}); }

http::Headers HeadersOf(const Credentials& credentials) {
  http::Request request;
  const auto authentication = Authentication::Make(credentials);
  EXPECT_TRUE(authentication);
  if (authentication) {
    EXPECT_TRUE(authentication->AddTo(request));
  }
  return request.headers;
}

TEST(DatadogProvider, AsksForTheWindow) {
  EXPECT_EQ(RequestOf(DatadogProvider(), "avg:x{*}").url, "https://h/api/v1/query?from=1699999700&to=1700000000&query=avg%3Ax%7B%2A%7D");
  const http::Request scalar = RequestOf(DatadogProvider({DatadogSettings::Api::kScalar, std::chrono::minutes(1), "sum"}), "sum:x{*}");
  EXPECT_EQ(scalar.url, "https://h/api/v2/query/scalar");
  const json attributes = json::parse(scalar.body).at("data").at("attributes");
  EXPECT_EQ(attributes.at("from"), 1'699'999'940'900);
  EXPECT_EQ(attributes.at("to"), 1'700'000'000'900);
  EXPECT_EQ(attributes.at("queries")[0], (json{{"data_source", "metrics"}, {"name", "a"}, {"query", "sum:x{*}"}, {"aggregator", "sum"}}));
  EXPECT_FALSE(DatadogProvider({DatadogSettings::Api::kScalar, base::Millis(0)}).Request({"https://h", "x", kAt}));
}

TEST(DatadogProvider, ItsKeysAreHeaders) {
  const http::Headers headers = HeadersOf(DatadogCredentials(Secret("a-key"), Secret("b-key")));
  EXPECT_EQ(http::Find(headers, "DD-API-KEY"), "a-key");
  EXPECT_EQ(http::Find(headers, "DD-APPLICATION-KEY"), "b-key");
}

TEST(DatadogProvider, OtherAnswersAreErrors) {
  EXPECT_THAT(Parse(DatadogProvider(), R"({"status":"error","error":"boom","series":[]})").message, HasSubstr("boom"));
  for (const char* body :
       {"{}", "[]", R"({"series":{}})", R"({"series":[1]})", R"({"series":[{"pointlist":[1]}]})", R"({"series":[{"pointlist":[[1,"x"]]}]})",
        R"({"series":[{"scope":"a","pointlist":[[1,1]]},{"scope":"a","pointlist":[[1,1]]}]})"}) {
    EXPECT_EQ(Parse(DatadogProvider(), body).kind, Kind::kError) << body;
  }
  const DatadogProvider scalar({DatadogSettings::Api::kScalar});
  EXPECT_THAT(
      Parse(scalar, R"({"data":{"attributes":{"columns":[{"type":"number","values":[1]},{"type":"number","values":[2]}]}}})").message,
      HasSubstr("several numbers"));
  EXPECT_EQ(Parse(scalar, R"({"data":{"attributes":{"columns":[{"type":"number","values":3}]}}})").kind, Kind::kError);
}

TEST(NewRelicProvider, SendsNrqlAsAVariable) {
  const http::Request request =
      RequestOf(NewRelicProvider(42), R"(SELECT percentage(count(*), WHERE error) FROM Transaction WHERE a = "b")");
  EXPECT_EQ(request.url, "https://h/graphql");
  const json body = json::parse(request.body);
  EXPECT_EQ(body.at("variables"),
            (json{{"account", 42}, {"nrql", R"(SELECT percentage(count(*), WHERE error) FROM Transaction WHERE a = "b")"}}));
  EXPECT_THAT(body.at("query").get<std::string>(), HasSubstr("nrql(query: $nrql) { results }"));
  EXPECT_FALSE(NewRelicProvider(0).Request({"https://h", "x", kAt}));
  EXPECT_EQ(http::Find(HeadersOf(NewRelicCredentials(Secret("NRAK-1"))), "API-Key"), "NRAK-1");
}

TEST(NewRelicProvider, ReadsOneNumberARow) {
  const auto rows = [](const std::string& text) { return R"({"data":{"actor":{"account":{"nrql":{"results":[)" + text + "]}}}}}"; };
  const NewRelicProvider provider(42);
  EXPECT_EQ(Parse(provider, rows(R"({"percentile.duration":{"95":0.75}})")).number, 0.75);
  EXPECT_EQ(Parse(provider, rows(R"({"count":7,"beginTimeSeconds":1,"endTimeSeconds":2,"timestamp":3,"appName":"x"})")).number, 7);
  EXPECT_THAT(Parse(provider, rows(R"({"count":7,"average.duration":1})")).message, HasSubstr("several numbers"));
  EXPECT_THAT(Parse(provider, rows(R"({"count":7},{"count":8})")).message, HasSubstr("2 rows"));
  EXPECT_THAT(Parse(provider, rows(R"({"appName":"x"})")).message, HasSubstr("no number"));
  EXPECT_THAT(Parse(provider, R"({"data":{"actor":{"account":null}}})").message, HasSubstr("is the account right?"));
}

TEST(GraphiteProvider, AsksForTheWindowAndPostsLongTargets) {
  EXPECT_EQ(RequestOf(GraphiteProvider({std::chrono::minutes(1)}), "sumSeries(a.*)").url,
            "https://h/render?format=json&from=1699999940&until=1700000000&target=sumSeries%28a.%2A%29");
  EXPECT_EQ(RequestOf(GraphiteProvider(), std::string(3000, '{')).method, http::Method::kPost);
  EXPECT_EQ(Parse(GraphiteProvider(), R"([{"target":"a","datapoints":[[1e9999,1]]}])").kind, Kind::kError);
  EXPECT_EQ(Parse(GraphiteProvider(), R"([{"target":"a","datapoints":[1]}])").kind, Kind::kError);
}

TEST(InfluxQlProvider, AsksByGetOnly) {
  EXPECT_EQ(RequestOf(InfluxQlProvider("my db"), "SELECT 1").url, "https://h/query?db=my%20db&epoch=ms&q=SELECT%201");
  EXPECT_FALSE(InfluxQlProvider("db").Request({"https://h", std::string(5000, 'x'), kAt}));
  EXPECT_FALSE(InfluxQlProvider("").Request({"https://h", "x", kAt}));
}

TEST(InfluxQlProvider, OtherAnswersAreErrors) {
  for (const char* body :
       {R"({"results":[]})", R"({"results":[{},{}]})", R"({"results":[{"error":"boom"}]})", R"({"results":[{"partial":true}]})",
        R"({"results":[{"series":[{"columns":["time","a","b"],"values":[[1,2,3]]}]}]})",
        R"({"results":[{"series":[{"columns":["time"],"values":[[1]]}]}]})",
        R"({"results":[{"series":[{"columns":["time","a"],"values":[[1]]}]}]})", R"({"results":[{"series":[1]}]})"}) {
    EXPECT_EQ(Parse(InfluxQlProvider("db"), body).kind, Kind::kError) << body;
  }
}

TEST(InfluxDbProvider, EvaluatesFluxAtTheInstant) {
  const http::Request request = RequestOf(InfluxDbProvider("my org"), "from(bucket: \"b\")");
  EXPECT_EQ(request.url, "https://h/api/v2/query?org=my%20org");
  EXPECT_EQ(http::Find(request.headers, "Accept"), "application/csv");
  const json body = json::parse(request.body);
  EXPECT_EQ(body.at("query"), "from(bucket: \"b\")");
  EXPECT_EQ(body.at("now"), "2023-11-14T22:13:20.900Z");
  EXPECT_EQ(http::Find(HeadersOf(InfluxDbCredentials(Secret("abc"))), "Authorization"), "Token abc");
}

TEST(InfluxDbProvider, TakesTheLastRowOfEachTable) {
  const InfluxDbProvider provider("org");
  EXPECT_EQ(Parse(provider, "#datatype,string,long,double\n,result,table,_value\n,,0,1\n,,0,2\n").number, 2);
  EXPECT_EQ(Parse(provider, ",result,table,_value,note\n,,0,1,\"a, \"\"b\"\"\r\n\"\n").number, 1);
  EXPECT_EQ(Parse(provider, ",result,table,_value\n,,0,\n").kind, Kind::kNoData);
  // Tables of other columns, behind an empty line.
  const model::Reading two = Parse(provider, ",result,table,_value\r\n,a,0,1\r\n\r\n,result,table,pod,_value\r\n,b,0,x,2\r\n\r\n");
  ASSERT_EQ(two.kind, Kind::kSeries);
  EXPECT_EQ(two.series[1].number, 2);
}

TEST(InfluxDbProvider, OtherAnswersAreErrors) {
  const InfluxDbProvider provider("org");
  EXPECT_THAT(Parse(provider, "error,reference\nfailed to boom,897\n").message, HasSubstr("InfluxDB says: failed to boom"));
  EXPECT_THAT(Parse(provider, ",result,table,_value\n,,0,1\n\nerror,reference\nboom,\n").message, HasSubstr("boom"));
  EXPECT_THAT(Parse(provider, ",result,table,_field\n,,0,1\n").message, HasSubstr("_value"));
  EXPECT_THAT(Parse(provider, ",result,table,_value\n,,0\n").message, HasSubstr("columns of its table"));
  EXPECT_THAT(Parse(provider, ",result,table,_value\n,,0,1").message, HasSubstr("ends within a row"));
  EXPECT_THAT(Parse(provider, ",result,table,_value\n,,0,\"1\n").message, HasSubstr("ends within a row"));
  EXPECT_EQ(Parse(provider, ",result,table,_value\n,,0,\xff\n").message, "the query gives no number: ?");
  EXPECT_EQ(Parse(provider, ",result,table,_value\n,,0,0." + std::string(300, '1') + "\n").kind, Kind::kError);
}

TEST(CsvRows, SplitsRowsAndFields) {
  CsvRows rows("a,,\"b,\"\"c\"\"\r\nd\"\r\n\n\"\",x\n");
  using Row = std::vector<std::string>;
  EXPECT_EQ(rows.Next(), (Row{"a", "", "b,\"c\"\r\nd"}));
  EXPECT_EQ(rows.Next(), Row{""});
  EXPECT_EQ(rows.Next(), (Row{"", "x"}));
  EXPECT_EQ(rows.Next(), std::nullopt);
  EXPECT_FALSE(rows.cut());
  for (const char* text : {"a", "a,", "\"a", "\"a\"b\n", "a\"b\n", "a\rb\n"}) {
    CsvRows cut(text);
    EXPECT_EQ(cut.Next(), std::nullopt) << text;
    EXPECT_TRUE(cut.cut()) << text;
  }
}

}  // namespace
}  // namespace softmig::providers
