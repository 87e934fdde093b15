#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "cli/run.hpp"
#include "judge/judge_options.hpp"

namespace {

using namespace softmig;

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

kube::ConfigSources Environment() {
  kube::ConfigSources sources;
  sources.kubeconfig_env = Env("KUBECONFIG");
  sources.home = Env("HOME");
  sources.service_host = Env("KUBERNETES_SERVICE_HOST");
  sources.service_port = Env("KUBERNETES_SERVICE_PORT");
  return sources;
}

int Judge(int argc, const char* const* argv) {
  const auto parsed = judge::ParseJudgeOptions(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  return judge::RunJudge(std::cin, std::cout, std::cerr, parsed.options);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  if (argc > 1 && std::string_view(argv[1]) == "judge") return Judge(argc - 1, argv + 1);
  const auto parsed = cli::ParseOptions(argc, argv, Environment());
  if (parsed.exit_code) return *parsed.exit_code;
  const bool redraws = isatty(STDOUT_FILENO) != 0 && Env("TERM") != "dumb";
  const view::Colour colour = redraws && Env("NO_COLOR").empty() ? view::Colour::kAlways : view::Colour::kNever;
  cli::Terminal terminal{std::cout, std::cerr, redraws, colour};
  const int code = cli::Run(parsed.options, base::SystemClock(), terminal);
  std::cout.flush();
  return std::cout ? code : cli::kFailed;
}
