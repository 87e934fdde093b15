#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

/// A kubeconfig's `exec` entry: a program that prints a client.authentication.k8s.io ExecCredential.
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool provide_cluster_info = false;
  /// What provideClusterInfo tells the program.
  std::string server, tls_server_name, ca_pem;
  bool insecure_skip_verify = false;
  base::Millis timeout{30'000};
};

/// Runs the plugin when a token is needed and none is cached; a token is kept until 10 s before its expirationTimestamp (without one:
/// until Drop). A plugin that gives only a client certificate is refused with a clear error: certificates come from files here.
/// Token() blocks while the program runs. `clock` and `log` must outlive it.
std::unique_ptr<TokenSource> MakeExecToken(ExecPlugin plugin, const base::Clock& clock, base::Log& log);

}  // namespace softmig::kube
