#include "sim/core/process.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace softmig::simulator {

Fiber& Process::Spawn(const std::function<void()>& body) {
  std::erase_if(fibers_, [](const auto& fiber) { return fiber->done(); });
  fibers_.push_back(std::make_unique<Fiber>(host_, [body] {
    try {
      body();
    } catch (const Crashed&) {  // the end of the process: nothing is left to do
    }
  }));
  Fiber& fiber = *fibers_.back();
  fiber.Resume();
  return fiber;
}

void Process::SleepUntil(Time when) {
  Fiber* self = host_.current();
  SM_ASSERT(self != nullptr);
  loop_.At(when, shared_from_this(), [self] { self->Resume(); });
  self->Wait();
  if (dead) throw Crashed();
}

void Process::Park() {
  SM_ASSERT(host_.current() != nullptr);
  host_.current()->Wait();
  if (dead) throw Crashed();
}

void Process::Wake(Fiber& fiber) {
  loop_.After(Time(0), shared_from_this(), [&fiber] { fiber.Resume(); });
}

void Process::Unwind() {
  SM_ASSERT(dead && host_.current() == nullptr);
  for (const auto& fiber : fibers_) {
    if (!fiber->done()) fiber->Resume();
  }
  fibers_.clear();
}

}  // namespace softmig::simulator
