#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

struct ConfigSources {
  std::string kubeconfig_flag;             ///< --kubeconfig; wins where set
  std::string context_flag;                ///< --context
  std::string kubeconfig_env;              ///< $KUBECONFIG: colon list, merged, first wins
  std::string home;                        ///< $HOME, for ~/.kube/config
  std::string service_host, service_port;  ///< $KUBERNETES_SERVICE_HOST, _PORT
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// All but the flags.
ConfigSources SourcesFromEnvironment();

/// In this order: the flag, $KUBECONFIG, in-cluster, ~/.kube/config. kInvalid with the file and field where something in it
/// makes no sense; kNotFound with what was tried where nothing is there.
/// Knows token, tokenFile, client certificates, exec plugins (v1, v1beta1), tls-server-name, insecure-skip-tls-verify.
base::Result<ClusterConfig> LoadClusterConfig(const ConfigSources& sources, const base::Clock& clock, base::Log& log);

}  // namespace softmig::kube
