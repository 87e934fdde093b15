#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/codec.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

json SecretJson(const SecretKey& secret) { return {secret.name, secret.key}; }

json HeaderJson(const SourceAccess::Header& header) {
  return header.secret ? json{header.name, SecretJson(*header.secret)} : json{header.name, header.value};
}

/// Nothing of what is not set: sources without credentials keep the text that they always had.
json AccessJson(const SourceAccess& access) {
  json out = json::object();
  for (const SourceAccess::Header& header : access.headers) out["headers"].push_back(HeaderJson(header));
  if (access.bearer_token) out["bearer"] = SecretJson(*access.bearer_token);
  if (access.basic) out["basic"] = {SecretJson(access.basic->username), SecretJson(access.basic->password)};
  if (access.ca) out["ca"] = SecretJson(*access.ca);
  if (!access.server_name.empty()) out["serverName"] = access.server_name;
  return out;
}

/// Its name and settings; null for Prometheus.
struct SettingsJson {
  json operator()(const PrometheusSource& /*source*/) const { return nullptr; }
  json operator()(const WebSource& source) const { return {"web", source.posts, source.path, source.content_type, source.selection}; }
  json operator()(const DatadogSource& source) const {
    return {
        "datadog", source.scalar, source.aggregator, source.window.count(), SecretJson(source.api_key), SecretJson(source.application_key)};
  }
  json operator()(const CloudWatchSource& source) const {
    const json token = source.session_token ? SecretJson(*source.session_token) : json(nullptr);
    return {"cloudWatch",
            source.region,
            source.window.count(),
            source.period.count(),
            SecretJson(source.access_key_id),
            SecretJson(source.secret_access_key),
            token};
  }
  json operator()(const NewRelicSource& source) const { return {"newRelic", source.account, SecretJson(source.user_key)}; }
  json operator()(const GraphiteSource& source) const { return {"graphite", source.window.count()}; }
  json operator()(const InfluxDbSource& source) const {
    return {"influxDB", source.organization, source.database, source.token ? SecretJson(*source.token) : json(nullptr)};
  }
  /// Not how often: what was found stays true.
  json operator()(const JobSource& source) const { return {"job", source.cron_job}; }
  json operator()(const BridgeSource& source) const { return {"bridge", source.verdicts}; }
};

struct SettingsKeys {
  std::vector<SecretKey> operator()(const DatadogSource& source) const { return {source.api_key, source.application_key}; }
  std::vector<SecretKey> operator()(const CloudWatchSource& source) const {
    std::vector<SecretKey> keys{source.access_key_id, source.secret_access_key};
    if (source.session_token) keys.push_back(*source.session_token);
    return keys;
  }
  std::vector<SecretKey> operator()(const NewRelicSource& source) const { return {source.user_key}; }
  std::vector<SecretKey> operator()(const InfluxDbSource& source) const {
    return source.token ? std::vector<SecretKey>{*source.token} : std::vector<SecretKey>();
  }
  std::vector<SecretKey> operator()(const auto& /*source*/) const { return {}; }
};

std::vector<SecretKey> KeysOf(const MetricSpec& metric) {
  const SourceAccess& access = metric.access;
  std::vector<SecretKey> keys = std::visit(SettingsKeys(), metric.source);
  for (const SourceAccess::Header& header : access.headers) {
    if (header.secret) keys.push_back(*header.secret);
  }
  if (access.bearer_token) keys.push_back(*access.bearer_token);
  if (access.basic) keys.insert(keys.end(), {access.basic->username, access.basic->password});
  if (access.ca) keys.push_back(*access.ca);
  return keys;
}

std::string QueriesText(const MetricSpec::Counts::Queries& queries, double bucket, const std::string& side) {
  if (!queries.histogram.empty()) return fmt::format("{}histogram above {}: {}", side, bucket, queries.histogram);
  return side + "bad: " + queries.bad + "; " + side + "total: " + queries.total;
}

}  // namespace

std::string AskedText(const MetricSpec& metric) {
  if (const auto* bridge = std::get_if<BridgeSource>(&metric.source)) {
    return fmt::format("bad: {}; total: comparisons of the bridge", fmt::join(bridge->verdicts, ", "));
  }
  if (metric.counts) {
    const std::string target = QueriesText(metric.counts->target, metric.counts->bucket, "");
    return metric.counts->legacy ? target + "; " + QueriesText(*metric.counts->legacy, metric.counts->bucket, "legacy ") : target;
  }
  if (const auto* job = std::get_if<JobSource>(&metric.source)) return "CronJob " + job->cron_job;
  const auto* web = std::get_if<WebSource>(&metric.source);
  if (web == nullptr) return metric.value ? metric.value->query : std::string();
  const std::string& path = web->posts || !metric.value ? web->path : metric.value->query;
  return path.substr(0, path.find('?')) + " " + web->selection;
}

std::string SourceText(const MetricSpec& metric) {
  const auto text = [](const json& value) { return " " + value.dump(-1, ' ', false, json::error_handler_t::replace); };
  const json access = AccessJson(metric.access);
  const json settings = std::visit(SettingsJson(), metric.source);
  return metric.address + (access.empty() ? "" : text(access)) + (settings.is_null() ? "" : text(settings));
}

std::vector<std::string> SecretsOf(const MetricSpec& metric) {
  std::vector<std::string> names;
  for (const SecretKey& key : KeysOf(metric)) names.push_back(key.name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace softmig::model
