#include "kube/client/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "kube/client/base64.hpp"

namespace softmig::kube {
namespace {

/// Reads fields of one mapping; remembers the first thing that makes no sense. `where` names the mapping in errors.
class FieldReader {
 public:
  FieldReader(const YAML::Node& node, std::string where, std::string& error) : node_(node), where_(std::move(where)), error_(error) {
    if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap()) Fail("", "must be a mapping");
  }

  std::string Text(const char* field) const {
    const YAML::Node value = Find(field);
    if (!value.IsDefined() || value.IsNull()) return "";
    if (!value.IsScalar()) return Fail(field, "must be a text");
    return value.Scalar();
  }
  bool Flag(const char* field) const {
    const std::string text = Text(field);
    if (text != "" && text != "true" && text != "false") Fail(field, "must be true or false");
    return text == "true";
  }
  std::string Base64(const char* field) const {
    const auto decoded = DecodeBase64(Text(field));
    return decoded ? *decoded : Fail(field, "is not base64");
  }
  /// A path; relative ones start at `folder`.
  std::string Path(const char* field, const std::filesystem::path& folder) const {
    const std::string text = Text(field);
    return text.empty() ? "" : (folder / text).lexically_normal().string();
  }
  [[nodiscard]] bool Has(const char* field) const {
    const YAML::Node value = Find(field);
    return value.IsDefined() && !value.IsNull();
  }
  [[nodiscard]] FieldReader Mapping(const char* field) const { return {Find(field), Name(field), error_}; }
  /// The members of a list; none where it is absent.
  [[nodiscard]] std::vector<FieldReader> Items(const char* field) const {
    std::vector<FieldReader> items;
    const YAML::Node list = Find(field);
    if (!list.IsDefined() || list.IsNull()) return items;
    if (!list.IsSequence()) {
      Fail(field, "must be a list");
      return items;
    }
    for (std::size_t i = 0; i < list.size(); ++i) items.emplace_back(list[i], Name(field) + "[" + std::to_string(i) + "]", error_);
    return items;
  }
  [[nodiscard]] std::vector<std::string> Texts(const char* field) const {
    std::vector<std::string> texts;
    const YAML::Node list = Find(field);
    if (!list.IsDefined() || list.IsNull()) return texts;
    if (!list.IsSequence()) Fail(field, "must be a list");
    for (std::size_t i = 0; list.IsSequence() && i < list.size(); ++i) {
      if (!list[i].IsScalar()) Fail(field, "must hold texts only");
      texts.push_back(list[i].IsScalar() ? list[i].Scalar() : "");
    }
    return texts;
  }
  std::string Fail(const char* field, const char* why) const {
    if (error_.empty()) error_ = Name(field) + " " + why;
    return "";
  }

 private:
  [[nodiscard]] YAML::Node Find(const char* field) const {
    if (!node_.IsDefined() || !node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node& map = node_;  // the const operator[] does not insert
    return map[field];
  }
  [[nodiscard]] std::string Name(const char* field) const {
    if (where_.empty()) return field;
    return *field == '\0' ? where_ : where_ + "." + field;
  }

  YAML::Node node_;
  std::string where_;
  std::string& error_;
};

KubeconfigCluster ReadCluster(const FieldReader& item, const std::filesystem::path& folder) {
  KubeconfigCluster cluster;
  cluster.name = item.Text("name");
  const FieldReader body = item.Mapping("cluster");
  cluster.server = body.Text("server");
  cluster.ca_file = body.Path("certificate-authority", folder);
  cluster.ca_pem = body.Base64("certificate-authority-data");
  cluster.tls_server_name = body.Text("tls-server-name");
  cluster.proxy_url = body.Text("proxy-url");
  cluster.insecure_skip_verify = body.Flag("insecure-skip-tls-verify");
  return cluster;
}

ExecPlugin ReadExec(const FieldReader& body, const std::filesystem::path& folder) {
  ExecPlugin exec;
  exec.api_version = body.Text("apiVersion");
  exec.command = body.Text("command");
  exec.args = body.Texts("args");
  for (const FieldReader& entry : body.Items("env")) exec.env.emplace_back(entry.Text("name"), entry.Text("value"));
  exec.install_hint = body.Text("installHint");
  exec.provide_cluster_info = body.Flag("provideClusterInfo");
  if (exec.api_version != "client.authentication.k8s.io/v1" && exec.api_version != "client.authentication.k8s.io/v1beta1") {
    body.Fail("apiVersion", "must be client.authentication.k8s.io/v1 or v1beta1");
  }
  if (exec.command.empty()) body.Fail("command", "is missing");
  if (exec.command.find('/') != std::string::npos) exec.command = body.Path("command", folder);
  return exec;
}

KubeconfigUser ReadUser(const FieldReader& item, const std::filesystem::path& folder) {
  KubeconfigUser user;
  user.name = item.Text("name");
  const FieldReader body = item.Mapping("user");
  user.token = body.Text("token");
  user.token_file = body.Path("tokenFile", folder);
  user.cert_file = body.Path("client-certificate", folder);
  user.cert_pem = body.Base64("client-certificate-data");
  user.key_file = body.Path("client-key", folder);
  user.key_pem = body.Base64("client-key-data");
  for (const char* field : {"username", "password", "auth-provider", "as"}) {
    if (body.Has(field)) user.unsupported = field;
  }
  if (!body.Has("exec")) return user;
  const FieldReader exec = body.Mapping("exec");
  user.exec = ReadExec(exec, folder);
  user.interactive_mode = exec.Text("interactiveMode");
  return user;
}

Kubeconfig ReadAll(const YAML::Node& root, const std::string& path, std::string& error) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const FieldReader top(root, "", error);
  Kubeconfig config;
  config.current_context = top.Text("current-context");
  for (const FieldReader& item : top.Items("clusters")) config.clusters.push_back(ReadCluster(item, folder));
  for (const FieldReader& item : top.Items("users")) config.users.push_back(ReadUser(item, folder));
  for (const FieldReader& item : top.Items("contexts")) {
    const FieldReader body = item.Mapping("context");
    config.contexts.push_back({item.Text("name"), path, body.Text("cluster"), body.Text("user"), body.Text("namespace")});
  }
  for (KubeconfigCluster& cluster : config.clusters) cluster.file = path;
  for (KubeconfigUser& user : config.users) user.file = path;
  return config;
}

template <typename Entry>
void AddNew(std::vector<Entry>& into, std::vector<Entry> more) {
  for (Entry& entry : more) {
    const bool known = std::any_of(into.begin(), into.end(), [&entry](const Entry& have) { return have.name == entry.name; });
    if (!known) into.push_back(std::move(entry));
  }
}

}  // namespace

base::Result<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path) {
  const auto invalid = [&path](const std::string& why) { return base::Fail(base::ErrorCode::kInvalid, path + ": " + why); };
  try {
    std::string error;
    Kubeconfig config = ReadAll(YAML::Load(std::string(text)), path, error);
    if (!error.empty()) return invalid(error);
    return config;
  } catch (const YAML::Exception& failure) {
    // The mark is enough: the library's text may quote the file, which holds secrets.
    const auto line = failure.mark.is_null() ? std::string("?") : std::to_string(failure.mark.line + 1);
    return invalid("not valid YAML (line " + line + ")");
  } catch (const std::exception&) {
    return invalid("not readable as YAML");
  }
}

void MergeKubeconfig(Kubeconfig& into, Kubeconfig more) {
  if (into.current_context.empty()) into.current_context = std::move(more.current_context);
  AddNew(into.clusters, std::move(more.clusters));
  AddNew(into.users, std::move(more.users));
  AddNew(into.contexts, std::move(more.contexts));
}

}  // namespace softmig::kube
