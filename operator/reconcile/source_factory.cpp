#include "reconcile/source_factory.hpp"

#include <fmt/format.h>

#include "providers/cloudwatch/cloudwatch_provider.hpp"
#include "providers/datadog/datadog_provider.hpp"
#include "providers/graphite/graphite_provider.hpp"
#include "providers/influxdb/influxdb_provider.hpp"
#include "providers/newrelic/newrelic_provider.hpp"
#include "providers/prometheus/prometheus_provider.hpp"
#include "providers/web/web_provider.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using providers::Credentials;
using providers::Secret;
using ProviderPtr = std::shared_ptr<const providers::MetricProvider>;

base::Result<Secret> ValueOf(const model::SecretKey& wanted, const SecretContents& secrets) {
  const auto it = secrets.find(wanted.name);
  if (it == secrets.end()) return base::Fail(ErrorCode::kInternal, fmt::format("Secret \"{}\" was not read", wanted.name));
  const SecretContent& secret = *it->second;
  // First: who may not use the Secret is not told what it holds.
  if (secret.permit.addresses.empty()) {
    return base::Fail(ErrorCode::kForbidden, fmt::format("Secret \"{}\" may not be sent anywhere: name the addresses in its annotation {}",
                                                         wanted.name, providers::SendPermit::kAnnotation));
  }
  const auto value = secret.values.find(wanted.key);
  if (value == secret.values.end()) {
    return base::Fail(ErrorCode::kInvalid, fmt::format("Secret \"{}\" has no key \"{}\"", wanted.name, wanted.key));
  }
  return value->second;
}

/// Takes one value after the other and remembers the first that is missing.
class Taking {
 public:
  explicit Taking(const SecretContents& secrets) : secrets_(secrets) {}

  Secret Take(const model::SecretKey& key) {
    auto value = ValueOf(key, secrets_);
    if (value) return std::move(*value);
    Note(value.error());
    return {};
  }
  void Note(const base::Error& error) {
    if (status_) status_ = base::Fail(error);
  }
  [[nodiscard]] const base::Status& status() const { return status_; }

 private:
  const SecretContents& secrets_;
  base::Status status_;
};

void Fill(const model::SourceAccess& access, Taking& taking, Credentials& credentials) {
  for (const auto& header : access.headers) {
    credentials.headers.emplace_back(header.name, header.secret ? taking.Take(*header.secret) : Secret(header.value));
  }
  if (access.bearer_token) credentials.bearer_token = taking.Take(*access.bearer_token);
  if (access.basic) {
    const std::string user = taking.Take(access.basic->username).Reveal();
    credentials.basic = providers::BasicCredentials{user, taking.Take(access.basic->password)};
  }
  if (access.ca) credentials.ca_pem = taking.Take(*access.ca).Reveal();
  credentials.server_name = access.server_name;
}

void Append(Credentials more, Credentials& credentials) {
  for (auto& header : more.headers) credentials.headers.push_back(std::move(header));
}

/// Makes the provider of each source, and adds what only that source wants to see.
struct ProviderMaker {
  Taking& taking;
  Credentials& credentials;

  ProviderPtr operator()(const model::PrometheusSource& /*source*/) const { return std::make_shared<providers::PrometheusProvider>(); }
  ProviderPtr operator()(const model::WebSource& source) const {
    auto selection = providers::Selection::Parse(source.selection);
    if (!selection) {
      taking.Note(selection.error());
      return nullptr;
    }
    providers::WebSettings settings;
    settings.selection = std::move(*selection);
    settings.method = source.posts ? http::Method::kPost : http::Method::kGet;
    settings.path = source.path;
    settings.content_type = source.content_type;
    return std::make_shared<providers::WebProvider>(std::move(settings));
  }
  ProviderPtr operator()(const model::DatadogSource& source) const {
    const Secret api_key = taking.Take(source.api_key);
    Append(providers::DatadogCredentials(api_key, taking.Take(source.application_key)), credentials);
    using Settings = providers::DatadogSettings;
    const auto api = source.scalar ? Settings::Api::kScalar : Settings::Api::kTimeseries;
    return std::make_shared<providers::DatadogProvider>(Settings{api, source.window, source.aggregator});
  }
  ProviderPtr operator()(const model::CloudWatchSource& source) const {
    providers::CloudWatchSettings settings;
    settings.keys.access_key_id = taking.Take(source.access_key_id).Reveal();
    settings.keys.secret_access_key = taking.Take(source.secret_access_key);
    if (source.session_token) settings.keys.session_token = taking.Take(*source.session_token);
    settings.keys.region = source.region;
    settings.window = source.window;
    settings.period = source.period;
    return std::make_shared<providers::CloudWatchProvider>(std::move(settings));
  }
  ProviderPtr operator()(const model::NewRelicSource& source) const {
    Append(providers::NewRelicCredentials(taking.Take(source.user_key)), credentials);
    return std::make_shared<providers::NewRelicProvider>(source.account);
  }
  ProviderPtr operator()(const model::GraphiteSource& source) const {
    return std::make_shared<providers::GraphiteProvider>(providers::GraphiteSettings{source.window});
  }
  ProviderPtr operator()(const model::InfluxDbSource& source) const {
    if (source.token) Append(providers::InfluxDbCredentials(taking.Take(*source.token)), credentials);
    if (source.database.empty()) return std::make_shared<providers::InfluxDbProvider>(source.organization);
    return std::make_shared<providers::InfluxQlProvider>(source.database);
  }
  /// Who asks about Jobs is the operator itself, without Secrets: see JobSources.
  ProviderPtr operator()(const model::JobSource& /*source*/) const {
    taking.Note(base::Fail(ErrorCode::kInternal, "a Job is no source of this list").error());
    return nullptr;
  }
  /// Nobody is asked: its agents are, once a second (BridgeAgents).
  ProviderPtr operator()(const model::BridgeSource& /*source*/) const {
    taking.Note(base::Fail(ErrorCode::kInternal, "a bridge is no source of this list").error());
    return nullptr;
  }
};

}  // namespace

base::Result<MetricAccess> MakeAccess(const model::MetricSpec& metric, const SecretContents& secrets) {
  Taking taking(secrets);
  Credentials credentials;
  Fill(metric.access, taking, credentials);
  ProviderPtr provider = std::visit(ProviderMaker{taking, credentials}, metric.source);
  if (!taking.status()) return base::Fail(taking.status().error());
  for (const auto& [name, content] : secrets) credentials.permits.push_back(content->permit);
  auto authentication = providers::Authentication::Make(credentials);
  if (!authentication) return base::Fail(authentication.error());
  return MetricAccess{std::move(provider), std::move(*authentication), {}};
}

}  // namespace softmig::reconcile
