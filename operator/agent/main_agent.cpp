#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/agent_options.hpp"

namespace {

/// Taken by the main thread only: every other thread starts with them blocked.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

int Complain(const softmig::base::Error& error) {
  std::fprintf(stderr, "softmigration-agent: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t signals = BlockSignals();
  auto parsed = softmig::agent::ParseAgentArguments(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  auto config = softmig::agent::ParseAgentConfig(parsed.arguments.config_text);
  if (!config) return Complain(config.error());
  auto digest = softmig::compare::ValueDigest::Make(std::move(parsed.arguments.digest_key));
  if (!digest) return Complain(digest.error());
  const softmig::base::SystemClock clock;
  const auto log = softmig::base::MakeStderrLog(parsed.arguments.log_level);
  auto agent = softmig::agent::Agent::Make(std::move(*config), parsed.arguments.options, std::move(*digest), clock, *log);
  if (!agent) return Complain(agent.error());
  int signal = 0;
  sigwait(&signals, &signal);  // without a limit: the agent's work is done by other threads
  log->Info("stopping");
  agent->reset();
  return 0;
}
