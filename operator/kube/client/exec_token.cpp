#include "kube/client/exec_token.hpp"

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/mutex.hpp"
#include "base/time_format.hpp"
#include "kube/client/base64.hpp"
#include "kube/client/run_program.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kRenewBefore{10'000};

struct Credential {
  std::string token;
  std::optional<base::WallTime> expires;
};

std::string ExecInfo(const ExecPlugin& plugin) {
  nlohmann::json info = {{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}};
  if (!plugin.provide_cluster_info) return DumpJson(info);
  nlohmann::json& cluster = info["spec"]["cluster"];
  cluster["server"] = plugin.server;
  if (!plugin.tls_server_name.empty()) cluster["tls-server-name"] = plugin.tls_server_name;
  if (!plugin.ca_pem.empty()) cluster["certificate-authority-data"] = EncodeBase64(plugin.ca_pem);
  if (plugin.insecure_skip_verify) cluster["insecure-skip-tls-verify"] = true;
  return DumpJson(info);
}

base::Result<Credential> ReadCredential(const ExecPlugin& plugin, const std::string& output) {
  const auto bad = [&plugin](const std::string& why) {
    return base::Fail(base::ErrorCode::kInvalid, "exec plugin " + plugin.command + ": " + why);
  };
  const auto parsed = ParseJson(output);
  if (!parsed) return bad("its output is " + parsed.error().message);
  if (StringField(*parsed, "kind") != "ExecCredential") return bad("its output is no ExecCredential");
  if (StringField(*parsed, "apiVersion") != plugin.api_version) return bad("its output has another apiVersion than " + plugin.api_version);
  const nlohmann::json& status = Child(*parsed, "status");
  Credential credential{StringField(status, "token"), std::nullopt};
  if (credential.token.empty() && !StringField(status, "clientCertificateData").empty()) {
    return bad("it gives a client certificate, which is not supported; use client-certificate and client-key, or a token");
  }
  if (credential.token.empty()) return bad("it gives no token");
  const std::string expires = StringField(status, "expirationTimestamp");
  if (expires.empty()) return credential;
  const auto time = base::ParseRfc3339(expires);
  if (!time) return bad("its expirationTimestamp is not a time");
  credential.expires = *time;
  return credential;
}

/// Thread-safe. The mutex is held while the program runs: several callers then share one run.
class ExecToken final : public TokenSource {
 public:
  ExecToken(ExecPlugin plugin, const base::Clock& clock, base::Log& log) : plugin_(std::move(plugin)), clock_(clock), log_(log) {}

  base::Result<std::string> Token() override {
    const std::lock_guard lock(mutex_);
    if (cached_ && (!cached_->expires || clock_.WallNow() + kRenewBefore < *cached_->expires)) return cached_->token;
    cached_.reset();
    auto fresh = Run();
    if (!fresh) return base::Fail(fresh.error());
    cached_ = std::move(*fresh);
    return cached_->token;
  }

  void Drop() override {
    const std::lock_guard lock(mutex_);
    cached_.reset();
  }

 private:
  base::Result<Credential> Run() SM_REQUIRES(mutex_) {
    Program program{.command = plugin_.command, .args = plugin_.args, .env = plugin_.env, .timeout = plugin_.timeout};
    program.env.emplace_back("KUBERNETES_EXEC_INFO", ExecInfo(plugin_));
    const auto output = RunProgram(program);
    if (!output) {
      base::Error error = output.error().Wrap("running the kubeconfig's exec plugin");
      if (error.code == base::ErrorCode::kNotFound && !plugin_.install_hint.empty()) error.message += "; " + plugin_.install_hint;
      return base::Fail(error);
    }
    log_.Debug("got a credential from the exec plugin", {{"command", plugin_.command}});
    return ReadCredential(plugin_, *output);
  }

  const ExecPlugin plugin_;
  const base::Clock& clock_;
  base::Log& log_;
  std::mutex mutex_;
  std::optional<Credential> cached_ SM_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<TokenSource> MakeExecToken(ExecPlugin plugin, const base::Clock& clock, base::Log& log) {
  return std::make_unique<ExecToken>(std::move(plugin), clock, log);
}

}  // namespace softmig::kube
