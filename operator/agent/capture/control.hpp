#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/capture/captured_exchange.hpp"

namespace softmig::agent {

/// Which requests legacy is asked twice, so that its own noise is known (compare/noise.hpp): the first of each component, so that little is
/// counted before it is known, and then a share of them by chance. Thread-safe.
class ControlPicker {
 public:
  static constexpr std::uint64_t kFirst = 100;

  /// `percent` from 0, which picks nothing at all, to 100. `seed`: another one each time the agent begins.
  ControlPicker(std::size_t components, int percent, std::uint64_t seed);

  [[nodiscard]] bool Pick(std::size_t component);

 private:
  const std::uint64_t percent_, seed_;
  std::vector<std::atomic<std::uint64_t>> seen_;
};

/// The control of an exchange, one of whose answers is `legacys`. Nothing where there is no memory for it.
std::optional<CapturedExchange> ControlOf(const CapturedExchange& exchange, const compare::Answer& legacys);

}  // namespace softmig::agent
