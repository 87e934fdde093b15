#include "agent/agent_options.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "base/program.hpp"

namespace softmig::agent {
namespace {

constexpr int kBadArguments = 2;

std::string ReadFile(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.fail()) throw CLI::ValidationError(option, path + " cannot be read");
  return text;
}

/// "namespace/name".
kube::ObjectKey ReadKey(const std::string& option, const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool is_key = slash != std::string::npos && slash > 0 && slash + 1 < text.size() && text.find('/', slash + 1) == std::string::npos;
  if (!is_key) throw CLI::ValidationError(option, "must be NAMESPACE/NAME, is " + text);
  return {text.substr(0, slash), text.substr(slash + 1)};
}

/// Where the configuration comes from: a file, or a ConfigMap.
struct Source {
  std::string file, config_map;
};

void AddSource(CLI::App& app, Source& source, AgentArguments& arguments) {
  auto* file = app.add_option("--config", source.file, "The configuration, JSON");
  auto* config_map = app.add_option("--config-map", source.config_map,
                                    "NAMESPACE/NAME of a ConfigMap with the configuration and Envoy's resources, which is watched");
  auto* folder = app.add_option("--settings-folder", arguments.settings_folder, "Where Envoy reads its resources; with --config-map");
  file->excludes(config_map);
  config_map->needs(folder);
  folder->needs(config_map);
  app.add_option("--kubeconfig", arguments.cluster.kubeconfig_flag,
                 "Path to a kubeconfig; without one: $KUBECONFIG, in-cluster, ~/.kube/config");
}

void ReadSource(const Source& source, AgentArguments& arguments) {
  if (source.file.empty() && source.config_map.empty()) throw CLI::RequiredError("--config or --config-map");
  if (!source.config_map.empty()) arguments.config_map = ReadKey("--config-map", source.config_map);
  if (!source.file.empty()) arguments.config_text = ReadFile("--config", source.file);
}

}  // namespace

std::string MakeEpoch() { return base::RandomHex(16); }

ParsedAgentArguments ParseAgentArguments(int argc, const char* const* argv) {
  ParsedAgentArguments parsed;
  AgentArguments& arguments = parsed.arguments;
  arguments.cluster = kube::SourcesFromEnvironment();
  arguments.options.http.address = "127.0.0.1";
  arguments.options.http.port = 9902;
  Source source;
  std::string key_file;
  CLI::App app{"Watches the traffic of Envoy from the side, asks the other system the same and compares the answers.",
               "softmigration-agent"};
  app.set_version_flag("--version", std::string("softmigration-agent ") + SOFTMIG_VERSION);
  AddSource(app, source, arguments);
  app.add_option("--key-file", key_file, "Key of the digests by which values are told apart, at least 16 bytes; default: a random one");
  app.add_option("--copies", arguments.options.copies_address, "Where Envoy's ext_proc filter finds us: host:port or unix:/path")
      ->capture_default_str();
  app.add_option("--http-address", arguments.options.http.address, "Address for /v1/counts, /v1/differences, /metrics, /healthz")
      ->capture_default_str();
  app.add_option("--http-port", arguments.options.http.port, "Port for them; 0 takes a free one")->capture_default_str();
  app.add_option("--log-level", arguments.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(base::LogLevels(), CLI::ignore_case))
      ->default_str("info");
  try {
    app.parse(argc, argv);
    ReadSource(source, arguments);
    arguments.digest_key = key_file.empty() ? base::RandomHex(32) : ReadFile("--key-file", key_file);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : kBadArguments;
  }
  arguments.options.epoch = MakeEpoch();
  return parsed;
}

}  // namespace softmig::agent
