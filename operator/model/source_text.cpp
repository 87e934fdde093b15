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

std::vector<SecretKey> KeysOf(const SourceAccess& access) {
  std::vector<SecretKey> keys;
  for (const SourceAccess::Header& header : access.headers) {
    if (header.secret) keys.push_back(*header.secret);
  }
  if (access.bearer_token) keys.push_back(*access.bearer_token);
  if (access.basic) keys.insert(keys.end(), {access.basic->username, access.basic->password});
  if (access.ca) keys.push_back(*access.ca);
  return keys;
}

}  // namespace

std::string SourceText(const MetricSpec& metric) {
  const json access = AccessJson(metric.access);
  return access.empty() ? metric.address : metric.address + " " + access.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> SecretsOf(const MetricSpec& metric) {
  std::vector<std::string> names;
  for (const SecretKey& key : KeysOf(metric.access)) names.push_back(key.name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace softmig::model
