#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/agent_options.hpp"
#include "agent/settings/agent_host.hpp"
#include "agent/settings/settings_watch.hpp"
#include "base/program.hpp"
#include "http/beast_transport.hpp"
#include "kube/client/cluster_config.hpp"

namespace {

int Complain(const softmig::base::Error& error) {
  std::fprintf(stderr, "softmigration-agent: %s\n", error.message.c_str());
  return 1;
}

/// Runs by what the command line says once and for all.
int RunByFile(softmig::agent::AgentArguments arguments, const sigset_t& signals, const softmig::base::Clock& clock,
              softmig::base::Log& log) {
  auto config = softmig::agent::ParseAgentConfig(arguments.config_text);
  if (!config) return Complain(config.error());
  auto digest = softmig::compare::ValueDigest::Make(std::move(arguments.digest_key));
  if (!digest) return Complain(digest.error());
  const auto agent = softmig::agent::Agent::Make(std::move(*config), arguments.options, std::move(*digest), clock, log);
  if (!agent) return Complain(agent.error());
  int signal = 0;
  sigwait(&signals, &signal);  // without a limit: the agent's work is done by other threads
  log.Info("stopping");
  return 0;
}

/// Runs by a ConfigMap, whose changes take effect at once.
int RunByConfigMap(softmig::agent::AgentArguments arguments, const sigset_t& signals, const softmig::base::Clock& clock,
                   softmig::base::Log& log) {
  auto cluster = softmig::kube::LoadClusterConfig(arguments.cluster, clock, log);
  if (!cluster) return Complain(cluster.error());
  const auto transport = softmig::http::MakeBeastTransport();
  softmig::kube::RestClient client(std::move(*cluster), *transport);
  softmig::agent::AgentHost host({arguments.options, std::move(arguments.digest_key), softmig::agent::MakeEpoch},
                                 softmig::agent::SettingsFolder(arguments.settings_folder), clock, log);
  const softmig::agent::SettingsWatch watch(
      client, *arguments.config_map, [&host](softmig::agent::BridgeSettings settings) { host.Take(std::move(settings)); }, clock, log);
  const timespec tick{0, 100'000'000};
  do {
    host.Tick();
  } while (sigtimedwait(&signals, nullptr, &tick) < 0);
  log.Info("stopping");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t signals = softmig::base::BlockStopSignals();
  auto parsed = softmig::agent::ParseAgentArguments(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const softmig::base::SystemClock clock;
  const auto log = softmig::base::MakeStderrLog(parsed.arguments.log_level);
  const auto run = parsed.arguments.config_map ? RunByConfigMap : RunByFile;
  return run(std::move(parsed.arguments), signals, clock, *log);
}
