#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "app/operator.hpp"
#include "app/options.hpp"
#include "base/program.hpp"

namespace {

int RunUntilSignal(softmig::app::Operator& running, const sigset_t& signals, softmig::base::Log& log) {
  const timespec tick{0, 100'000'000};
  while (running.Tick()) {
    if (sigtimedwait(&signals, nullptr, &tick) < 0) continue;
    log.Info("stopping");
    running.Stop();
    return 0;
  }
  // Another replica may lead by now: nothing is finished, drained or given back.
  log.Error("leadership lost, leaving");
  std::_Exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t signals = softmig::base::BlockStopSignals();
  const auto parsed = softmig::app::ParseOptions(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.options.transport == softmig::http::TransportKind::kCpprest) softmig::http::PrepareProcessForCpprest();
  const softmig::base::SystemClock clock;
  const auto log = softmig::base::MakeStderrLog(parsed.options.log_level);
  auto running = softmig::app::Operator::Make(parsed.options, clock, *log);
  if (!running) {
    std::fprintf(stderr, "softmigration-operator: %s\n", running.error().message.c_str());
    return 1;
  }
  return RunUntilSignal(**running, signals, *log);
}
