#include "agent/capture/control.hpp"

#include <utility>

namespace softmig::agent {
namespace {

/// The finalizer of MurmurHash3: numbers in a row look like chance.
std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 33U)) * 0xFF51AFD7ED558CCDULL;
  x = (x ^ (x >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
  return x ^ (x >> 33U);
}

}  // namespace

ControlPicker::ControlPicker(std::size_t components, int percent, std::uint64_t seed)
    : percent_(static_cast<std::uint64_t>(percent)), seed_(seed), seen_(components) {}

bool ControlPicker::Pick(std::size_t component) {
  if (percent_ == 0) return false;
  const std::uint64_t number = seen_.at(component).fetch_add(1, std::memory_order_relaxed);
  return number < kFirst || Mix(seed_ + number) % 100 < percent_;
}

std::optional<CapturedExchange> ControlOf(const CapturedExchange& exchange, const compare::Answer& legacys) {
  Reservation memory = exchange.memory.Another();
  if (!memory.Grow(exchange.memory.held() + legacys.body.size())) return std::nullopt;
  CapturedExchange control{exchange.component, compare::Side::kLegacy, exchange.request, legacys, std::move(memory)};
  control.is_control = true;
  return control;
}

}  // namespace softmig::agent
