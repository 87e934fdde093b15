#include "provider_conformance.hpp"
#include "providers/cloudwatch/cloudwatch_provider.hpp"
#include "providers/datadog/datadog_provider.hpp"
#include "providers/graphite/graphite_provider.hpp"
#include "providers/influxdb/influxdb_provider.hpp"
#include "providers/newrelic/newrelic_provider.hpp"
#include "providers/web/web_provider.hpp"

/// The answers are written from the services' public API descriptions: nobody has run these providers against the real services.
namespace softmig::providers::testing {
namespace {

ProviderCase Web() {
  ProviderCase web;
  web.name = "Web";
  web.make = [] { return std::make_unique<WebProvider>(WebSettings{*Selection::Parse("{.data.rates[0]}")}); };
  web.number = R"({"data":{"rates":[0.25,9]}})";
  web.nothing = R"({"data":{"rates":[null]}})";
  web.nan = R"({"data":{"rates":["NaN"]}})";
  web.many = R"({"data":{"rates":[[0.25,9]]}})";
  web.many_kind = Kind::kError;
  web.error = R"({"error":{"message":"boom"}})";
  web.query = "/summary?service=x";
  return web;
}

ProviderCase Datadog() {
  const auto series = [](const std::string& scope, const std::string& points) {
    return R"({"metric":"error.rate","scope":")" + scope + R"(","expression":"avg:error.rate{*}","pointlist":[)" + points +
           R"(],"tag_set":[]})";
  };
  const auto answer = [](const std::string& list) {
    return R"({"status":"ok","resp_version":1,"res_type":"time_series","series":[)" + list +
           R"(],"query":"avg:error.rate{*}","message":""})";
  };
  ProviderCase datadog;
  datadog.name = "Datadog";
  datadog.make = [] { return std::make_unique<DatadogProvider>(); };
  datadog.number = answer(series("*", "[1430311800000.0,0.5],[1430312400000.0,0.25],[1430312460000.0,null]"));
  datadog.nothing = answer("");
  datadog.nan = answer(series("*", "[1430311800000.0,null]"));
  datadog.nan_kind = Kind::kNoData;
  datadog.many = answer(series("host:a", "[1430311800000.0,1]") + "," + series("host:b", "[1430311800000.0,2]"));
  datadog.error_status = 403;
  datadog.error = R"({"errors":["boom"]})";
  return datadog;
}

ProviderCase DatadogScalar() {
  const auto answer = [](const std::string& columns) {
    return R"({"data":{"type":"scalar_response","id":"0","attributes":{"columns":[)" + columns + "]}}}";
  };
  ProviderCase scalar = Datadog();
  scalar.name = "DatadogScalar";
  scalar.make = [] { return std::make_unique<DatadogProvider>(DatadogSettings{DatadogSettings::Api::kScalar}); };
  scalar.number = answer(R"({"name":"a","type":"number","values":[0.25],"meta":{"unit":null}})");
  scalar.nothing = answer("");
  scalar.nan = answer(R"({"name":"a","type":"number","values":[null]})");
  scalar.many = answer(R"({"name":"env","type":"group","values":[["a"],["b"]]},{"name":"a","type":"number","values":[1,2]})");
  scalar.error = R"({"errors":"boom"})";
  return scalar;
}

ProviderCase CloudWatch() {
  const auto result = [](const std::string& label, const std::string& values, const std::string& times) {
    return R"({"Id":"q","Label":")" + label + R"(","StatusCode":"Complete","Timestamps":[)" + times + R"(],"Values":[)" + values + "]}";
  };
  const auto answer = [](const std::string& results) { return R"({"MetricDataResults":[)" + results + R"(],"Messages":[]})"; };
  ProviderCase cloudwatch;
  cloudwatch.name = "CloudWatch";
  cloudwatch.make = [] {
    return std::make_unique<CloudWatchProvider>(
        CloudWatchSettings{{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI"), Secret("s3cr3t-session"), "eu-west-1"}});
  };
  cloudwatch.number = answer(result("q", "0.25,0.5", "1.7E9,1.69E9"));
  cloudwatch.nothing = answer(result("q", "", ""));
  cloudwatch.nan = answer(result("q", "null", "1.7E9"));
  cloudwatch.nan_kind = Kind::kNoData;
  cloudwatch.many = answer(result("a", "1", "1.7E9") + "," + result("b", "2", "1.7E9"));
  cloudwatch.error = R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":"boom"})";
  return cloudwatch;
}

ProviderCase NewRelic() {
  const auto answer = [](const std::string& rows) { return R"({"data":{"actor":{"account":{"nrql":{"results":[)" + rows + "]}}}}}"; };
  ProviderCase newrelic;
  newrelic.name = "NewRelic";
  newrelic.make = [] { return std::make_unique<NewRelicProvider>(1234567); };
  newrelic.number = answer(R"({"percentage":0.25})");
  newrelic.nothing = answer("");
  newrelic.nan = answer(R"({"average.duration":null})");
  newrelic.nan_kind = Kind::kNoData;
  newrelic.many = answer(R"({"facet":"a","name":"a","count":1},{"facet":"b","name":"b","count":2})");
  newrelic.error = R"({"data":{"actor":{"account":null}},"errors":[{"message":"boom","path":["actor","account"]}]})";
  return newrelic;
}

ProviderCase Graphite() {
  const auto series = [](const std::string& target, const std::string& points) {
    return R"({"target":")" + target + R"(","tags":{"name":"x"},"datapoints":[)" + points + "]}";
  };
  ProviderCase graphite;
  graphite.name = "Graphite";
  graphite.make = [] { return std::make_unique<GraphiteProvider>(); };
  graphite.number = "[" + series("a", "[0.5,1475758320],[0.25,1475758330],[null,1475758340]") + "]";
  graphite.nothing = "[]";
  graphite.nan = "[" + series("a", "[null,1475758320]") + "]";
  graphite.nan_kind = Kind::kNoData;
  graphite.many = "[" + series("a", "[1,1475758320]") + "," + series("b", "[2,1475758320]") + "]";
  graphite.error = "Invalid target: boom\n";
  return graphite;
}

ProviderCase InfluxQl() {
  const auto answer = [](const std::string& statement) { return R"({"results":[{"statement_id":0)" + statement + "}]}\n"; };
  ProviderCase influxql;
  influxql.name = "InfluxQl";
  influxql.make = [] { return std::make_unique<InfluxQlProvider>("shop"); };
  // Without the line break at the end: a text without it is whole, too.
  influxql.number =
      R"({"results":[{"statement_id":0,"series":[{"name":"r","columns":["time","mean"],"values":[[1,0.5],[2,0.25],[3,null]]}]}]})";
  influxql.nothing = answer("");
  influxql.nan = answer(R"(,"series":[{"name":"r","columns":["time","mean"],"values":[[1,null]]}])");
  influxql.nan_kind = Kind::kNoData;
  influxql.many = R"({"results":[{"statement_id":0,"series":[{"name":"r","tags":{"p":"a"},"columns":["time","mean"],"values":[[1,1]]},)"
                  R"({"name":"r","tags":{"p":"b"},"columns":["time","mean"],"values":[[1,2]]}]}]})";
  influxql.error = R"({"error":"error parsing query: boom"})";
  return influxql;
}

ProviderCase Flux() {
  ProviderCase flux;
  flux.name = "Flux";
  flux.make = [] { return std::make_unique<InfluxDbProvider>("shop"); };
  flux.number = ",result,table,_time,_value,pod\r\n,_result,0,2023-01-01T00:00:00Z,0.25,a\r\n\r\n";
  flux.nothing = "\r\n";
  flux.nan = ",result,table,_time,_value\r\n,_result,0,2023-01-01T00:00:00Z,NaN\r\n\r\n";
  flux.many = ",result,table,_time,_value,pod\r\n,_result,0,2023-01-01T00:00:00Z,1,a\r\n,_result,1,2023-01-01T00:00:00Z,2,b\r\n\r\n";
  flux.error = R"({"code":"invalid","message":"compilation failed: boom"})";
  flux.is_json = false;
  return flux;
}

}  // namespace

std::vector<ProviderCase> Services() {
  return {Web(), Datadog(), DatadogScalar(), CloudWatch(), NewRelic(), Graphite(), InfluxQl(), Flux()};
}

}  // namespace softmig::providers::testing
