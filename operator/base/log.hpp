#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace softmig::base {

/// One key with its value, printed as `key=value` (quoted where it holds spaces).
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, long long v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, std::size_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, double v);
  std::string_view key;
  std::string value;
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// Structured log: a constant lower-case message and fields. Never a body or a secret. Thread-safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;
  void Debug(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kDebug, m, f); }
  void Info(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kInfo, m, f); }
  void Warn(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kWarn, m, f); }
  void Error(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kError, m, f); }
};

/// A log on standard error, one line an entry: time, level, message, fields.
std::unique_ptr<Log> MakeStderrLog(LogLevel lowest);
/// A log that drops everything, for tests.
std::unique_ptr<Log> MakeNullLog();

}  // namespace softmig::base
