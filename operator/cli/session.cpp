#include "cli/session.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"

namespace softmig::cli {
namespace {

using base::ErrorCode;
using kube::kEvents;
using kube::kSoftMigrations;

constexpr const char* kFieldManager = "kubectl-softmigration";

}  // namespace

base::Result<std::unique_ptr<Session>> Session::Open(const Options& options, const base::Clock& clock, base::Log& log) {
  auto config = kube::LoadClusterConfig(options.cluster, clock, log);
  if (!config) return base::Fail(config.error().code, config.error().message + "; name a kubeconfig with --kubeconfig");
  return std::unique_ptr<Session>(new Session(std::move(*config), options, clock));
}

Session::Session(kube::ClusterConfig config, const Options& options, const base::Clock& clock)
    : clock_(clock),
      transport_(http::MakeTransport(http::TransportKind::kBeast)),
      client_(std::move(config), *transport_),
      ns_(options.ns.empty() ? client_.config().default_namespace : options.ns),
      all_namespaces_(options.all_namespaces) {}

base::Result<nlohmann::json> Session::Get(const std::string& name) {
  auto object = client_.Get(kSoftMigrations, {ns_, name});
  if (!object) return base::Fail(Advise(object.error(), name));
  return object;
}

base::Result<nlohmann::json> Session::List() {
  auto list = client_.List(kSoftMigrations, all_namespaces_ ? std::string() : ns_, "limit=500");
  if (!list) return base::Fail(Advise(list.error(), ""));
  return list;
}

base::Result<nlohmann::json> Session::Events(const std::string& name) {
  auto list = client_.List(kEvents, ns_, "fieldSelector=regarding.kind%3DSoftMigration%2Cregarding.name%3D" + name);
  if (!list) return base::Fail(Advise(list.error(), name));
  return list;
}

base::Result<nlohmann::json> Session::Patch(const std::string& name, nlohmann::json patch, const std::string& version, bool dry_run) {
  if (!version.empty()) patch["metadata"]["resourceVersion"] = version;
  kube::CallOptions options;
  options.field_manager = kFieldManager;
  options.dry_run = dry_run;
  auto object = client_.Patch(kSoftMigrations, {ns_, name}, kube::PatchType::kMerge, patch, options);
  if (!object) return base::Fail(Advise(object.error(), name));
  return object;
}

base::Result<nlohmann::json> Session::DryCreate(const nlohmann::json& object) {
  kube::CallOptions options;
  options.field_manager = kFieldManager;
  options.dry_run = true;
  auto created = client_.Create(kSoftMigrations, object, options);
  if (!created) return base::Fail(Advise(created.error(), ""));
  return created;
}

base::Result<nlohmann::json> Session::DryApply(const std::string& name, const nlohmann::json& object, const ServerSide& how) {
  kube::CallOptions options;
  options.field_manager = how.manager;
  options.force = how.force;
  options.dry_run = true;
  auto applied = client_.Patch(kSoftMigrations, {ns_, name}, kube::PatchType::kApply, object, options);
  if (applied) return applied;
  if (applied.error().code != ErrorCode::kConflict) return base::Fail(Advise(applied.error(), name));
  return base::Fail(ErrorCode::kConflict,
                    applied.error().message + "; --force-conflicts takes these fields over, --field-manager names another owner");
}

base::Error Session::Advise(base::Error error, const std::string& name) {
  const std::string& server = client_.config().server;
  switch (error.code) {
    case ErrorCode::kNotFound: {
      const auto served = client_.GetPath("/apis/softmigration.io/v1alpha1");
      if (!served && served.error().code == ErrorCode::kNotFound) {
        error.message = fmt::format("the cluster at {} does not know SoftMigrations; install them: kubectl apply -f crds/", server);
      } else {
        error.message = fmt::format("there is no SoftMigration {} in namespace {}; see: kubectl softmigration list -A", name, ns_);
      }
      break;
    }
    case ErrorCode::kForbidden:
      error.message = fmt::format("you lack a right ({}); ask for it, docs/kubectl.md lists them", error.message);
      break;
    case ErrorCode::kUnauthorized:
      error.message =
          fmt::format("{} does not accept your credentials ({}); log in again, or name another --context", server, error.message);
      break;
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable:
      error.message = fmt::format("{} does not answer ({}); try again, or name another --context", server, error.message);
      break;
    case ErrorCode::kInvalid: error.message = fmt::format("the API server refuses it ({}); correct spec first", error.message); break;
    case ErrorCode::kConflict: error.message = "somebody edited it at the same time; try again"; break;
    case ErrorCode::kGone:
    case ErrorCode::kThrottled:
    case ErrorCode::kCancelled:
    case ErrorCode::kFenced:
    case ErrorCode::kInternal: error.message += "; try again"; break;
  }
  return error;
}

}  // namespace softmig::cli
