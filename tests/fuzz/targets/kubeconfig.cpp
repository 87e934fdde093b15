#include "kube/client/kubeconfig.hpp"

#include <set>

#include "fuzz/targets/require.hpp"

namespace softmig::fuzz {
namespace {

const std::string kPath = "/home/user/.kube/config";

void RequireAbsolute(const std::string& path) {
  Require(path.empty() || path.front() == '/', "a path starts at the file's folder: " + path);
}

template <typename Entry>
void RequireDistinct(const std::vector<Entry>& entries) {
  std::set<std::string> names;
  for (const Entry& entry : entries) Require(names.insert(entry.name).second, "a merged config has each name once: " + entry.name);
}

template <typename Entry>
void RequireOrigin(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) Require(entry.file == kPath, "each entry knows its file");
}

void CheckParsed(const kube::Kubeconfig& config) {
  RequireOrigin(config.clusters);
  RequireOrigin(config.users);
  RequireOrigin(config.contexts);
  for (const kube::KubeconfigCluster& cluster : config.clusters) RequireAbsolute(cluster.ca_file);
  for (const kube::KubeconfigUser& user : config.users) {
    RequireAbsolute(user.token_file);
    RequireAbsolute(user.cert_file);
    RequireAbsolute(user.key_file);
    if (!user.exec) continue;
    Require(!user.exec->command.empty(), "a plugin has a command");
    if (user.exec->command.find('/') != std::string::npos) RequireAbsolute(user.exec->command);
  }
}

void CheckMerged(const kube::Kubeconfig& config) {
  kube::Kubeconfig merged;
  kube::MergeKubeconfig(merged, config);
  RequireDistinct(merged.clusters);
  RequireDistinct(merged.users);
  RequireDistinct(merged.contexts);
  const std::size_t size = merged.clusters.size() + merged.users.size() + merged.contexts.size();
  kube::MergeKubeconfig(merged, config);
  Require(merged.clusters.size() + merged.users.size() + merged.contexts.size() == size, "merging twice adds nothing");
}

/// Field names are ours, so that the message can hold nothing of the file: that may be a secret.
void CheckRefused(const base::Error& error) {
  Require(error.code == base::ErrorCode::kInvalid, "a text that is no kubeconfig is Invalid");
  Require(error.message.starts_with(kPath + ": "), "the message names the file");
  Require(error.message.size() < kPath.size() + 120, "the message quotes nothing: " + error.message);
  Require(!HasControlBytes(error.message) && IsUtf8(error.message), "the message is one line of text");
}

}  // namespace

int FuzzKubeconfig(Bytes data) {
  const auto config = kube::ParseKubeconfig(TextOf(data), kPath);
  if (!config) {
    CheckRefused(config.error());
    return 0;
  }
  CheckParsed(*config);
  CheckMerged(*config);
  return 0;
}

}  // namespace softmig::fuzz
