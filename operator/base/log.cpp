#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace softmig::base {
namespace {

bool NeedsQuotes(std::string_view value) { return value.empty() || value.find_first_of(" \t\n\r\"=") != std::string_view::npos; }

std::string Quote(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += (c == '\n' || c == '\r') ? ' ' : c;
  }
  return quoted + "\"";
}

spdlog::level::level_enum Level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel lowest) : logger_("softmigration", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(Level(lowest));
    logger_.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger_.flush_on(spdlog::level::debug);
  }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    if (!logger_.should_log(Level(level))) return;
    std::string line(message);
    for (const LogField& field : fields) {
      line += fmt::format(" {}={}", field.key, NeedsQuotes(field.value) ? Quote(field.value) : field.value);
    }
    logger_.log(Level(level), "{}", line);
  }

 private:
  spdlog::logger logger_;
};

class NullLog final : public Log {
 public:
  void Write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

LogField::LogField(std::string_view k, double v) : key(k), value(fmt::format("{}", v)) {}

std::unique_ptr<Log> MakeStderrLog(LogLevel lowest) { return std::make_unique<StderrLog>(lowest); }
std::unique_ptr<Log> MakeNullLog() { return std::make_unique<NullLog>(); }

}  // namespace softmig::base
