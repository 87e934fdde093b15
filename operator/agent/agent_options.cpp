#include "agent/agent_options.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

namespace softmig::agent {
namespace {

constexpr int kBadArguments = 2;

std::string RandomHex(std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += kDigits[random() % kDigits.size()];
  return text;
}

std::string ReadFile(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.fail()) throw CLI::ValidationError(option, path + " cannot be read");
  return text;
}

}  // namespace

ParsedAgentArguments ParseAgentArguments(int argc, const char* const* argv) {
  ParsedAgentArguments parsed;
  AgentArguments& arguments = parsed.arguments;
  arguments.options.http.address = "127.0.0.1";
  arguments.options.http.port = 9902;
  std::string config_file;
  std::string key_file;
  CLI::App app{"Watches the traffic of Envoy from the side, asks the other system the same and compares the answers.",
               "softmigration-agent"};
  app.set_version_flag("--version", std::string("softmigration-agent ") + SOFTMIG_VERSION);
  app.add_option("--config", config_file, "The configuration, JSON")->required();
  app.add_option("--key-file", key_file, "Key of the digests by which values are told apart, at least 16 bytes; default: a random one");
  app.add_option("--copies", arguments.options.copies_address, "Where Envoy's ext_proc filter finds us: host:port or unix:/path")
      ->capture_default_str();
  app.add_option("--http-address", arguments.options.http.address, "Address for /v1/counts, /v1/differences, /metrics, /healthz")
      ->capture_default_str();
  app.add_option("--http-port", arguments.options.http.port, "Port for them; 0 takes a free one")->capture_default_str();
  const std::map<std::string, base::LogLevel> levels{{"debug", base::LogLevel::kDebug},
                                                     {"info", base::LogLevel::kInfo},
                                                     {"warn", base::LogLevel::kWarn},
                                                     {"error", base::LogLevel::kError}};
  app.add_option("--log-level", arguments.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case))
      ->default_str("info");
  try {
    app.parse(argc, argv);
    arguments.config_text = ReadFile("--config", config_file);
    arguments.digest_key = key_file.empty() ? RandomHex(32) : ReadFile("--key-file", key_file);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : kBadArguments;
  }
  arguments.options.epoch = RandomHex(16);
  return parsed;
}

}  // namespace softmig::agent
