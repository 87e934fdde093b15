#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sim/core/random.hpp"

namespace softmig::simulator {

/// What happened in a run: always a hash of it, and on request as lines for people. Not thread-safe.
class Transcript {
 public:
  using Sink = std::function<void(const std::string& line)>;
  explicit Transcript(Sink sink = {}) : sink_(std::move(sink)) {}

  [[nodiscard]] bool on() const { return static_cast<bool>(sink_); }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  void Mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001B3ULL; }
  void Mix(std::string_view text) {
    for (const char c : text) Mix(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
  /// The text is only made where somebody reads it.
  template <typename... Args>
  void Line(Time now, fmt::format_string<Args...> format, Args&&... args) {
    Mix(static_cast<std::uint64_t>(now.count()));
    if (!sink_) return;
    sink_(fmt::format("{:>11.6f}  {}", std::chrono::duration<double>(now).count(), fmt::format(format, std::forward<Args>(args)...)));
  }

 private:
  Sink sink_;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace softmig::simulator
