#include "kube/client/cluster_config.hpp"

#include <filesystem>
#include <vector>

#include "base/program.hpp"
#include "kube/client/kubeconfig.hpp"
#include "kube/client/token_sources.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxKubeconfig = 4U << 20U;
constexpr std::size_t kMaxNamespaceFile = 1'024;

std::vector<std::string> SplitColons(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(':', start), text.size());
    if (end > start) parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

/// Files that do not exist are skipped, as kubectl does; kNotFound where none exists.
base::Result<Kubeconfig> LoadFiles(const std::vector<std::string>& paths) {
  Kubeconfig merged;
  std::string tried;
  bool any = false;
  for (const std::string& path : paths) {
    auto text = ReadSmallFile(path, kMaxKubeconfig);
    tried += (tried.empty() ? "" : ", ") + path;
    if (!text && text.error().code == base::ErrorCode::kNotFound) continue;
    if (!text) return base::Fail(text.error());
    auto parsed = ParseKubeconfig(*text, path);
    if (!parsed) return parsed;
    MergeKubeconfig(merged, std::move(*parsed));
    any = true;
  }
  if (!any) return base::Fail(base::ErrorCode::kNotFound, "no kubeconfig found, tried " + tried);
  return merged;
}

base::Result<ClusterConfig> FromFiles(const std::vector<std::string>& paths, const ConfigSources& sources, const base::Clock& clock,
                                      base::Log& log) {
  auto config = LoadFiles(paths);
  if (!config) return base::Fail(config.error());
  return ResolveKubeconfig(*config, sources.context_flag, clock, log);
}

base::Result<ClusterConfig> InCluster(const ConfigSources& sources, const base::Clock& clock) {
  const std::filesystem::path folder = sources.service_account_dir;
  const bool ipv6 = sources.service_host.find(':') != std::string::npos;
  ClusterConfig config;
  config.server = "https://" + (ipv6 ? "[" + sources.service_host + "]" : sources.service_host) + ":" + sources.service_port;
  if (!http::ParseUrl(config.server)) {
    return base::Fail(base::ErrorCode::kInvalid, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no address");
  }
  config.token = MakeFileToken((folder / "token").string(), clock);
  if (auto token = config.token->Token(); !token) return base::Fail(token.error().Wrap("in-cluster configuration"));
  auto tls = std::make_shared<http::TlsSettings>();
  tls->ca_file = (folder / "ca.crt").string();
  config.tls = std::move(tls);
  if (auto ns = ReadSmallFile((folder / "namespace").string(), kMaxNamespaceFile)) {
    while (!ns->empty() && (ns->back() == '\n' || ns->back() == ' ')) ns->pop_back();
    if (!ns->empty()) config.default_namespace = *ns;
  }
  return config;
}

}  // namespace

ConfigSources SourcesFromEnvironment() {
  ConfigSources sources;
  sources.kubeconfig_env = base::EnvironmentText("KUBECONFIG");
  sources.home = base::EnvironmentText("HOME");
  sources.service_host = base::EnvironmentText("KUBERNETES_SERVICE_HOST");
  sources.service_port = base::EnvironmentText("KUBERNETES_SERVICE_PORT");
  return sources;
}

base::Result<ClusterConfig> LoadClusterConfig(const ConfigSources& sources, const base::Clock& clock, base::Log& log) {
  if (!sources.kubeconfig_flag.empty()) return FromFiles({sources.kubeconfig_flag}, sources, clock, log);
  const std::vector<std::string> listed = SplitColons(sources.kubeconfig_env);
  if (!listed.empty()) return FromFiles(listed, sources, clock, log);
  if (!sources.service_host.empty() && !sources.service_port.empty()) return InCluster(sources, clock);
  if (!sources.home.empty()) {
    auto config = FromFiles({sources.home + "/.kube/config"}, sources, clock, log);
    if (config || config.error().code != base::ErrorCode::kNotFound) return config;
  }
  return base::Fail(base::ErrorCode::kNotFound,
                    "no cluster configured: --kubeconfig and KUBECONFIG are not set, this is no pod, and there is no ~/.kube/config");
}

}  // namespace softmig::kube
