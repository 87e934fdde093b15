#include "base/program.hpp"

#include <cstdlib>
#include <random>
#include <string_view>

namespace softmig::base {

sigset_t BlockStopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

std::string EnvironmentText(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): set only at the start of main
  return value == nullptr ? std::string() : std::string(value);
}

std::string RandomHex(std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += kDigits[random() % kDigits.size()];
  return text;
}

const std::map<std::string, LogLevel>& LogLevels() {
  static const std::map<std::string, LogLevel> levels{
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  return levels;
}

}  // namespace softmig::base
