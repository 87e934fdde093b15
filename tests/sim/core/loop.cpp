#include "sim/core/loop.hpp"

#include <algorithm>

namespace softmig::simulator {
namespace {

constexpr std::size_t kMostChoices = 3;

}  // namespace

void Loop::Push(Event event) {
  heap_.push_back(std::move(event));
  std::ranges::push_heap(heap_, Later());
}

void Loop::At(Time when, GatePtr gate, Action action) { Push({std::max(when, now_), numbers_++, std::move(gate), std::move(action)}); }

Loop::Event Loop::TakeNext() {
  std::ranges::pop_heap(heap_, Later());
  Event event = std::move(heap_.back());
  heap_.pop_back();
  return event;
}

Loop::Event Loop::TakeChosen() {
  std::vector<Event> near;
  const Time limit = heap_.front().at + window_;
  while (!heap_.empty() && near.size() < kMostChoices && heap_.front().at <= limit) near.push_back(TakeNext());
  const std::size_t chosen = near.size() > 1 ? static_cast<std::size_t>(chooser_->Choose(static_cast<int>(near.size()))) : 0;
  Event event = std::move(near[chosen]);
  for (std::size_t i = 0; i < near.size(); ++i) {
    if (i != chosen) Push(std::move(near[i]));
  }
  return event;
}

void Loop::Run(Event event) {
  if (event.gate && event.gate->dead) return;
  if (event.gate && event.gate->frozen) {
    held_.push_back(std::move(event));
    return;
  }
  now_ = std::max(now_, event.at);
  ++events_;
  event.action();
  if (event.gate && !event.gate->dead) event.gate->AfterEvent();
  if (observer_) observer_();
}

void Loop::Thaw(Gate& gate) {
  gate.frozen = false;
  std::vector<Event> still;
  for (Event& event : held_) {
    if (event.gate.get() != &gate) {
      still.push_back(std::move(event));
      continue;
    }
    event.at = now_;
    event.number = numbers_++;
    Push(std::move(event));
  }
  held_ = std::move(still);
}

bool Loop::RunUntil(Time until) {
  RunUntilDone(until, [] { return false; });
  return !stopped_;
}

bool Loop::RunUntilDone(Time until, const std::function<bool()>& done) {
  while (!stopped_ && !heap_.empty() && heap_.front().at <= until) {
    Run(chooser_ != nullptr ? TakeChosen() : TakeNext());
    if (done()) return true;
  }
  if (!stopped_) now_ = std::max(now_, until);
  return false;
}

}  // namespace softmig::simulator
