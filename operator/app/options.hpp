#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "http/server.hpp"
#include "http/transport.hpp"
#include "kube/client/cluster_config.hpp"
#include "kube/runtime/leader_elector.hpp"
#include "reconcile/controller.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/route_kinds.hpp"

namespace softmig::app {

/// The operator's command line, with its defaults.
struct Options {
  kube::ConfigSources cluster;
  std::string watch_namespace;  ///< empty: all namespaces
  http::TransportKind transport = http::TransportKind::kCpprest;
  kube::LeaseOptions lease;
  reconcile::ControllerOptions controller;
  http::ServerOptions server;
  std::set<model::RouteKind> routers{model::RouteKind::kHttpRoute};  ///< kinds of routes that migrations may have; only these are watched
  std::vector<routers::RouteKindRow> custom_routes;                  ///< kinds of objects that custom routes may name
  routers::BridgeImages bridge;                                      ///< both or none; set exactly with RouteKind::kBridge
  base::LogLevel log_level = base::LogLevel::kInfo;
};

/// Nothing to run where `exit_code` is set: help or version was printed, or one line said what is wrong.
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};
ParsedOptions ParseOptions(int argc, char** argv);

}  // namespace softmig::app
