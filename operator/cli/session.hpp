#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "cli/options.hpp"
#include "http/transport.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::cli {

/// The connection to the API server with the user's rights. Every error is one line that says what to do. Not thread-safe.
class Session {
 public:
  /// `clock` and `log` must outlive it.
  static base::Result<std::unique_ptr<Session>> Open(const Options& options, const base::Clock& clock, base::Log& log);

  base::Result<nlohmann::json> Get(const std::string& name);
  base::Result<nlohmann::json> List();
  base::Result<nlohmann::json> Events(const std::string& name);
  /// Merge patch, refused with kConflict where the object is not the version it was decided on; an empty version: whichever it is.
  base::Result<nlohmann::json> Patch(const std::string& name, nlohmann::json patch, const std::string& version, bool dry_run);

  /// What creating the object, or applying it on the server's side, would give. Nothing is stored.
  base::Result<nlohmann::json> DryCreate(const nlohmann::json& object);
  base::Result<nlohmann::json> DryApply(const std::string& name, const nlohmann::json& object, const ServerSide& how);

  /// Another namespace than that of the options, for what follows.
  void UseNamespace(std::string ns) { ns_ = std::move(ns); }
  [[nodiscard]] base::WallTime now() const { return clock_.WallNow(); }
  [[nodiscard]] const std::string& ns() const { return ns_; }

 private:
  Session(kube::ClusterConfig config, const Options& options, const base::Clock& clock);
  /// The same error in words that say what to do.
  base::Error Advise(base::Error error, const std::string& name);

  const base::Clock& clock_;
  std::unique_ptr<http::HttpTransport> transport_;
  kube::RestClient client_;
  std::string ns_;
  bool all_namespaces_;
};

}  // namespace softmig::cli
