#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/core/random.hpp"

namespace softmig::simulator {

/// A broken promise.
struct Violation {
  std::string invariant;
  std::string text;
  Time at{};
};

/// Collects what the invariants say: the first violation of a run, and how often each was put to the test.
class Checker {
 public:
  /// The invariant had something to judge.
  void Exercised(std::string_view invariant) {
    const auto it = exercised_.find(invariant);
    if (it == exercised_.end()) {
      exercised_.emplace(invariant, 1);
    } else {
      ++it->second;
    }
  }
  void Violate(Time at, std::string_view invariant, std::string text) {
    if (!violation_) violation_ = Violation{std::string(invariant), std::move(text), at};
  }
  /// Exercised, and violated where `holds` is false.
  template <typename MakeText>
  void Require(bool holds, Time at, std::string_view invariant, MakeText text) {
    Exercised(invariant);
    if (!holds) Violate(at, invariant, text());
  }

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& exercised() const { return exercised_; }

 private:
  std::optional<Violation> violation_;
  std::map<std::string, std::uint64_t, std::less<>> exercised_;
};

}  // namespace softmig::simulator
