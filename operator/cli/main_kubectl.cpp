#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string_view>

#include "base/program.hpp"
#include "cli/run.hpp"
#include "judge/judge_options.hpp"

namespace {

using namespace softmig;

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
  const auto parsed = cli::ParseOptions(argc, argv, kube::SourcesFromEnvironment());
  if (parsed.exit_code) return *parsed.exit_code;
  const bool redraws = isatty(STDOUT_FILENO) != 0 && base::EnvironmentText("TERM") != "dumb";
  const view::Colour colour = redraws && base::EnvironmentText("NO_COLOR").empty() ? view::Colour::kAlways : view::Colour::kNever;
  cli::Terminal terminal{std::cout, std::cerr, redraws, colour};
  const int code = cli::Run(parsed.options, base::SystemClock(), terminal);
  std::cout.flush();
  return std::cout ? code : cli::kFailed;
}
