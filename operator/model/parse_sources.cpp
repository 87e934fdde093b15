#include <algorithm>
#include <chrono>
#include <utility>

#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

constexpr DurationRange kWindows{std::chrono::seconds(10), std::chrono::hours(24)};
constexpr DurationRange kPeriods{std::chrono::seconds(1), std::chrono::hours(1)};
constexpr base::Millis kTimeout = std::chrono::minutes(5);
constexpr base::Millis kWindow = std::chrono::minutes(5);
constexpr base::Millis kPeriod = std::chrono::minutes(1);

constexpr TextRule kPath{1, limits::kQueryLength, IsUrlPath, "a path with query that begins with / or ? and has no blanks"};
constexpr TextRule kBody{1, limits::kBodyLength, HasOnlyKnownPlaceholders,
                         "a body whose placeholders are {{namespace}}, {{name}}, {{component}}, {{legacy}} or {{target}}"};
constexpr TextRule kSelection{1, 512, IsSelection, "a way to one number, such as {.data.rate} or /data/rate"};
constexpr TextRule kWords{1, 253, IsHeaderValue, "printable characters without outer blanks"};

base::Millis Window(FieldReader& source) { return source.Duration("window", kWindows, kWindow); }

std::string Address(FieldReader& source, std::string fallback) {
  return source.OptionalText("address", kAddress).value_or(std::move(fallback));
}

std::string ParseWeb(FieldReader& source, MetricSpec& metric) {
  static constexpr std::array<std::string_view, 2> kMethods{"GET", "POST"};
  metric.address = source.Text("address", kAddress);
  metric.access = ParseAccess(source, metric.address);
  WebSource web;
  web.posts = source.Choice("method", kMethods, 0) == 1;
  web.selection = source.Text("jsonPath", kSelection);
  web.content_type = source.OptionalText("contentType", kWords).value_or("application/json");
  std::string query = source.OptionalText("path", kPath).value_or("");
  const auto body = source.OptionalText("body", kBody);
  if (body && !web.posts) source.Fail("body", "only goes with method POST");
  if (web.posts && query.find("{{") != std::string::npos) source.Fail("path", "with method POST, placeholders go into the body");
  if (web.posts) web.path = std::exchange(query, body.value_or(""));
  metric.source = std::move(web);
  return query;
}

std::string ParseDatadog(FieldReader& source, MetricSpec& metric) {
  static constexpr std::array<std::string_view, 2> kApis{"timeseries", "scalar"};
  static constexpr std::array<std::string_view, 9> kAggregators{"avg", "min", "max", "sum", "last", "mean", "percentile", "l2norm", "area"};
  metric.address = Address(source, "https://api.datadoghq.com");
  DatadogSource datadog;
  datadog.scalar = source.Choice("api", kApis, 0) == 1;
  datadog.aggregator = kAggregators[source.Choice("aggregator", kAggregators, 0)];
  datadog.window = Window(source);
  datadog.api_key = RequiredSecretKey(source, "apiKey");
  datadog.application_key = RequiredSecretKey(source, "applicationKey");
  metric.source = std::move(datadog);
  return source.Text("query", kQuery);
}

std::string ParseCloudWatch(FieldReader& source, MetricSpec& metric) {
  CloudWatchSource cloud;
  cloud.region = source.Text("region", kLabel);
  metric.address = Address(source, "https://monitoring." + cloud.region + ".amazonaws.com");
  cloud.window = Window(source);
  cloud.period = source.Duration("period", kPeriods, kPeriod);
  if (cloud.period % std::chrono::seconds(1) != base::Millis(0)) source.Fail("period", "must be whole seconds");
  cloud.access_key_id = RequiredSecretKey(source, "accessKeyId");
  cloud.secret_access_key = RequiredSecretKey(source, "secretAccessKey");
  cloud.session_token = OptionalSecretKey(source, "sessionToken");
  metric.source = std::move(cloud);
  return source.Text("query", kQuery);
}

std::string ParseNewRelic(FieldReader& source, MetricSpec& metric) {
  metric.address = Address(source, "https://api.newrelic.com");
  NewRelicSource relic;
  relic.account = source.Integer("account", {1, limits::kAccounts}, std::nullopt);
  relic.user_key = RequiredSecretKey(source, "userKey");
  metric.source = std::move(relic);
  return source.Text("query", kQuery);
}

std::string ParseGraphite(FieldReader& source, MetricSpec& metric) {
  metric.address = source.Text("address", kAddress);
  metric.access = ParseAccess(source, metric.address);
  metric.source = GraphiteSource{Window(source)};
  return source.Text("query", kQuery);
}

std::string ParseInfluxDb(FieldReader& source, MetricSpec& metric) {
  metric.address = source.Text("address", kAddress);
  metric.access = ParseAccess(source, metric.address);
  InfluxDbSource influx;
  influx.organization = source.OptionalText("organization", kWords).value_or("");
  influx.database = source.OptionalText("database", kWords).value_or("");
  influx.token = OptionalSecretKey(source, "token");
  if (source.Has("organization") == source.Has("database")) {
    source.Fail("organization", "exactly one of organization (InfluxDB 2) and database (InfluxDB 1) must be set");
  }
  if (influx.token && (metric.access.bearer_token || metric.access.basic)) {
    source.Fail("token", "at most one of token, bearerToken and basicAuth may be set");
  }
  if (influx.token && SetsAuthorization(metric.access)) source.Fail("headers", "Authorization is set by token already");
  metric.source = std::move(influx);
  return source.Text("query", kQuery);
}

/// No query: what is asked stands in the CronJob.
std::string ParseJob(FieldReader& source, MetricSpec& metric) {
  JobSource job;
  job.cron_job = source.Text("cronJob", kLabel);
  job.interval = source.Duration("interval", kWindows, kPeriod);
  job.timeout = source.Duration("timeout", kPeriods, kTimeout);
  if (job.timeout % std::chrono::seconds(1) != base::Millis(0)) source.Fail("timeout", "must be whole seconds");
  metric.address = "CronJob " + job.cron_job;
  metric.source = std::move(job);
  return "";
}

bool IsBadVerdict(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kVerdicts{"differs",        "status-differs", "target-error",
                                                             "target-timeout", "dropped",        "uncomparable"};
  return std::ranges::find(kVerdicts, text) != kVerdicts.end();
}

constexpr TextRule kVerdict{1, 63, IsBadVerdict, "differs, status-differs, target-error, target-timeout, dropped or uncomparable"};

}  // namespace

void ParseBridgeSource(FieldReader& source, MetricSpec& metric) {
  BridgeSource bridge{source.Texts("verdicts", kVerdict, {1, limits::kVerdicts})};
  std::ranges::sort(bridge.verdicts);
  source.RefuseOthers();
  metric.address = "bridge";
  metric.source = std::move(bridge);
}

std::string ParseValueSource(std::string_view key, FieldReader& source, MetricSpec& metric) {
  if (key == "web") return ParseWeb(source, metric);
  if (key == "datadog") return ParseDatadog(source, metric);
  if (key == "cloudWatch") return ParseCloudWatch(source, metric);
  if (key == "newRelic") return ParseNewRelic(source, metric);
  if (key == "graphite") return ParseGraphite(source, metric);
  if (key == "job") return ParseJob(source, metric);
  return ParseInfluxDb(source, metric);
}

}  // namespace softmig::model
