#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "kube/client/exec_token.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

struct KubeconfigCluster {
  std::string name, file;  ///< `file`: where it was read, for errors
  std::string server, ca_file, ca_pem, tls_server_name, proxy_url;
  bool insecure_skip_verify = false;
};

struct KubeconfigUser {
  std::string name, file;
  std::string token, token_file;
  std::string cert_file, cert_pem, key_file, key_pem;
  std::string unsupported;  ///< a way of authentication that we do not speak, by its field name
  std::string interactive_mode;
  std::optional<ExecPlugin> exec;
};

struct KubeconfigContext {
  std::string name, file;
  std::string cluster, user, ns;
};

/// What one kubeconfig file, or several merged, says.
struct Kubeconfig {
  std::vector<KubeconfigCluster> clusters;
  std::vector<KubeconfigUser> users;
  std::vector<KubeconfigContext> contexts;
  std::string current_context;
};

/// Reads one file's text. Relative paths in it become relative to `path`'s folder. kInvalid with path and field; never throws,
/// whatever the text.
base::Result<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path);

/// Adds the entries of `more` whose names are new: the first file wins.
void MergeKubeconfig(Kubeconfig& into, Kubeconfig more);

/// The connection that a context means; an empty `context` is the current one.
base::Result<ClusterConfig> ResolveKubeconfig(const Kubeconfig& config, const std::string& context, const base::Clock& clock,
                                              base::Log& log);

}  // namespace softmig::kube
