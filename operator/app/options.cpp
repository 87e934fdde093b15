#include "app/options.hpp"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>
#include <ranges>

#include "base/program.hpp"
#include "base/time_format.hpp"
#include "model/codec.hpp"
#include "model/text_rules.hpp"
#include "routers/route_kinds.hpp"

namespace softmig::app {
namespace {

std::string MakeIdentity() {
  std::string name = base::EnvironmentText("POD_NAME");
  if (name.empty()) name = base::EnvironmentText("HOSTNAME");
  if (name.empty()) name = "softmigration";
  return name + '_' + base::RandomHex(12);
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name, base::Millis& value, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string& text) {
            const auto parsed = base::ParseDuration(text);
            if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
            value = *parsed;
          },
          help)
      ->default_str(base::FormatDuration(value));
}

void AddCluster(CLI::App& app, Options& options) {
  app.add_option("--kubeconfig", options.cluster.kubeconfig_flag,
                 "Path to a kubeconfig; without one: $KUBECONFIG, in-cluster, ~/.kube/config");
  app.add_option("--context", options.cluster.context_flag, "Context of the kubeconfig");
  app.add_option("--namespace", options.watch_namespace, "Watch only this namespace");
  const std::map<std::string, http::TransportKind> kinds{{"cpprest", http::TransportKind::kCpprest},
                                                         {"beast", http::TransportKind::kBeast}};
  app.add_option("--http-client", options.transport, "Library that speaks to the API server and the metric sources")
      ->transform(CLI::CheckedTransformer(kinds, CLI::ignore_case))
      ->default_str("cpprest");
}

void AddLease(CLI::App& app, Options& options) {
  app.add_option("--lease-namespace", options.lease.lease.ns, "Namespace of the leader election Lease")->capture_default_str();
  app.add_option("--lease-name", options.lease.lease.name, "Name of the leader election Lease")->capture_default_str();
  AddDuration(app, "--lease-duration", options.lease.duration, "A standby takes over this long after the leader's last sign of life");
  AddDuration(app, "--lease-renew-deadline", options.lease.renew_deadline,
              "The leader stops writing this long after its last renewal began");
  AddDuration(app, "--lease-retry", options.lease.retry, "Time between renewals");
}

/// Names as they are typed.
std::map<std::string, model::RouteKind> RouterNames() {
  std::map<std::string, model::RouteKind> names;
  for (const routers::RouteKindRow& row : routers::RouteKinds()) names.emplace(model::Name(row.kind), row.kind);
  names.emplace(model::Name(model::RouteKind::kCustom),
                model::RouteKind::kCustom);  // those of --custom-routes, for an operator of no others
  return names;
}

void AddRouters(CLI::App& app, Options& options) {
  const std::map<std::string, model::RouteKind> names = RouterNames();
  app.add_option("--routers", options.routers,
                 fmt::format("Kinds of routes that migrations may have, with commas between them; only these are watched, and need rights. "
                             "There are: {}",
                             fmt::join(std::views::keys(names), ", ")))
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(names).description(""))
      ->default_str("httproute");
}

/// GROUP/VERSION/PLURAL/KIND, as `kubectl api-resources` has it.
kube::ResourceType ParseType(const std::string& text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, '/')) parts.emplace_back(part.begin(), part.end());
  const bool is_whole =
      parts.size() == 4 && model::IsApiVersion(parts[0] + "/" + parts[1]) && model::IsDnsLabel(parts[2]) && model::IsKind(parts[3]);
  if (!is_whole)
    throw CLI::ValidationError("--custom-routes",
                               text + " is not GROUP/VERSION/PLURAL/KIND, as in split.smi-spec.io/v1alpha2/trafficsplits/TrafficSplit");
  for (const routers::RouteKindRow& row : routers::RouteKinds()) {
    if (row.type.kind == parts[3]) throw CLI::ValidationError("--custom-routes", parts[3] + " has a router of its own, or its name");
  }
  return {parts[0], parts[1], parts[2], parts[3]};
}

void AddCustomRoutes(CLI::App& app, Options& options) {
  app.add_option_function<std::vector<std::string>>(
         "--custom-routes",
         [&options](const std::vector<std::string>& types) {
           for (const std::string& type : types) options.custom_routes.push_back(routers::CustomRow(ParseType(type)));
         },
         "Kinds of objects that custom routes may name, as GROUP/VERSION/PLURAL/KIND with commas between them")
      ->delimiter(',');
}

/// Images and the router say the same, whichever is given.
void CheckBridge(Options& options) {
  if (!options.bridge.envoy.empty()) options.routers.insert(model::RouteKind::kBridge);
  if (options.routers.contains(model::RouteKind::kBridge) && options.bridge.envoy.empty()) {
    throw CLI::ValidationError("--routers", "bridge needs --bridge-envoy-image and --bridge-agent-image");
  }
}

void AddBridge(CLI::App& app, Options& options) {
  auto* const envoy = app.add_option("--bridge-envoy-image", options.bridge.envoy,
                                     "Envoy's image for bridges, with a shell; without one there are no routes of kind bridge");
  auto* const agent = app.add_option("--bridge-agent-image", options.bridge.agent, "Image of the agent beside it: softmigration's own");
  envoy->needs(agent);
  agent->needs(envoy);
}

void AddServing(CLI::App& app, Options& options) {
  app.add_option("--metrics-address", options.server.address, "Address for /metrics, /healthz, /readyz")->capture_default_str();
  app.add_option("--metrics-port", options.server.port, "Port for them; 0 takes a free one")->capture_default_str();
  app.add_option("--workers", options.controller.ordinary_workers, "Workers for ordinary work")
      ->capture_default_str()
      ->check(CLI::Range(1U, 64U));
  app.add_option("--safety-workers", options.controller.safety_workers, "Workers kept for rollbacks")
      ->capture_default_str()
      ->check(CLI::Range(1U, 64U));
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(base::LogLevels(), CLI::ignore_case))
      ->default_str("info");
}

}  // namespace

ParsedOptions ParseOptions(int argc, char** argv) {
  ParsedOptions parsed;
  Options& options = parsed.options;
  options.cluster = kube::SourcesFromEnvironment();
  options.lease.lease = {"softmigration-system", "softmigration-operator"};
  options.lease.identity = MakeIdentity();
  options.server.port = 8080;
  CLI::App app{"Moves users between two systems by SoftMigration objects, and takes them back when the evidence turns.",
               "softmigration-operator"};
  app.set_version_flag("--version", std::string("softmigration-operator ") + SOFTMIG_VERSION);
  AddCluster(app, options);
  AddLease(app, options);
  AddServing(app, options);
  AddRouters(app, options);
  AddCustomRoutes(app, options);
  AddBridge(app, options);
  try {
    app.parse(argc, argv);
    CheckBridge(options);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    parsed.exit_code = code == 0 ? 0 : 2;
  }
  return parsed;
}

}  // namespace softmig::app
