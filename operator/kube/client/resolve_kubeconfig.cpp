#include <algorithm>

#include "kube/client/kubeconfig.hpp"
#include "kube/client/token_sources.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxCaFile = 4U << 20U;

template <typename Entry>
const Entry* ByName(const std::vector<Entry>& entries, const std::string& name) {
  const auto it = std::find_if(entries.begin(), entries.end(), [&name](const Entry& entry) { return entry.name == name; });
  return it == entries.end() ? nullptr : &*it;
}

template <typename Entry>
base::Error Invalid(const Entry& entry, const char* kind, const std::string& why) {
  return {base::ErrorCode::kInvalid, entry.file + ": " + kind + " \"" + entry.name + "\": " + why, std::nullopt, std::nullopt};
}

std::optional<base::Error> CheckCluster(const KubeconfigCluster& cluster) {
  if (cluster.server.empty()) return Invalid(cluster, "cluster", "server is missing");
  if (!http::ParseUrl(cluster.server)) return Invalid(cluster, "cluster", "server is not an http or https URL");
  if (!cluster.proxy_url.empty()) return Invalid(cluster, "cluster", "proxy-url is not supported");
  const bool has_ca = !cluster.ca_file.empty() || !cluster.ca_pem.empty();
  if (cluster.insecure_skip_verify && has_ca) {
    return Invalid(cluster, "cluster", "insecure-skip-tls-verify and certificate-authority exclude each other");
  }
  return std::nullopt;
}

std::optional<base::Error> CheckUser(const KubeconfigUser& user) {
  if (!user.unsupported.empty()) return Invalid(user, "user", user.unsupported + " is not supported");
  const bool has_cert = !user.cert_file.empty() || !user.cert_pem.empty();
  const bool has_key = !user.key_file.empty() || !user.key_pem.empty();
  if (has_cert != has_key) return Invalid(user, "user", "client-certificate and client-key must come together");
  const bool asks_person = user.interactive_mode == "Always";
  if (asks_person) return Invalid(user, "user", "exec.interactiveMode Always needs a person at a terminal; use IfAvailable or Never");
  return std::nullopt;
}

std::shared_ptr<const http::TlsSettings> TlsOf(const KubeconfigCluster& cluster, const KubeconfigUser& user) {
  auto tls = std::make_shared<http::TlsSettings>();
  tls->ca_pem = cluster.ca_pem;
  if (tls->ca_pem.empty()) tls->ca_file = cluster.ca_file;
  tls->client_cert_pem = user.cert_pem;
  if (user.cert_pem.empty()) tls->client_cert_file = user.cert_file;
  tls->client_key_pem = user.key_pem;
  if (user.key_pem.empty()) tls->client_key_file = user.key_file;
  tls->server_name = cluster.tls_server_name;
  tls->insecure_skip_verify = cluster.insecure_skip_verify;
  return tls;
}

ExecPlugin WithCluster(ExecPlugin exec, const KubeconfigCluster& cluster) {
  exec.server = cluster.server;
  exec.tls_server_name = cluster.tls_server_name;
  exec.insecure_skip_verify = cluster.insecure_skip_verify;
  exec.ca_pem = cluster.ca_pem;
  if (!exec.provide_cluster_info || !exec.ca_pem.empty() || cluster.ca_file.empty()) return exec;
  if (auto read = ReadSmallFile(cluster.ca_file, kMaxCaFile)) exec.ca_pem = *read;
  return exec;
}

/// The order kubectl has: a token file, a token, then the plugin.
std::unique_ptr<TokenSource> TokenOf(const KubeconfigCluster& cluster, const KubeconfigUser& user, const base::Clock& clock,
                                     base::Log& log) {
  if (!user.token_file.empty()) return MakeFileToken(user.token_file, clock);
  if (user.token.empty() && user.exec) return MakeExecToken(WithCluster(*user.exec, cluster), clock, log);
  return MakeStaticToken(user.token);
}

}  // namespace

base::Result<ClusterConfig> ResolveKubeconfig(const Kubeconfig& config, const std::string& context, const base::Clock& clock,
                                              base::Log& log) {
  const std::string name = context.empty() ? config.current_context : context;
  const auto invalid = [](const std::string& why) { return base::Fail(base::ErrorCode::kInvalid, "kubeconfig: " + why); };
  if (name.empty()) return invalid("current-context is not set");
  const KubeconfigContext* chosen = ByName(config.contexts, name);
  if (chosen == nullptr) return invalid("there is no context \"" + name + "\"");
  const KubeconfigCluster* cluster = ByName(config.clusters, chosen->cluster);
  if (cluster == nullptr) return base::Fail(Invalid(*chosen, "context", "there is no cluster \"" + chosen->cluster + "\""));
  const KubeconfigUser nobody;
  const KubeconfigUser* user = chosen->user.empty() ? &nobody : ByName(config.users, chosen->user);
  if (user == nullptr) return base::Fail(Invalid(*chosen, "context", "there is no user \"" + chosen->user + "\""));
  if (auto error = CheckCluster(*cluster)) return base::Fail(*error);
  if (auto error = CheckUser(*user)) return base::Fail(*error);

  ClusterConfig result;
  result.server = cluster->server;
  while (result.server.ends_with('/')) result.server.pop_back();
  if (!chosen->ns.empty()) result.default_namespace = chosen->ns;
  result.tls = TlsOf(*cluster, *user);
  result.token = TokenOf(*cluster, *user, clock, log);
  if (cluster->insecure_skip_verify) log.Warn("the api server's certificate is not verified", {{"cluster", cluster->name}});
  return result;
}

}  // namespace softmig::kube
