#include "sim/core/fiber.hpp"

#include <cstdint>

#include "base/assert.hpp"

// Both sanitizers must be told of a change of stacks.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace softmig::simulator {

std::unique_ptr<std::byte[]> StackPool::Take() {
  if (free_.empty()) return std::unique_ptr<std::byte[]>(new std::byte[kBytes]);  // on purpose not zeroed
  auto stack = std::move(free_.back());
  free_.pop_back();
  return stack;
}

Fiber::Fiber(FiberHost& host, std::function<void()> body) : host_(host), body_(std::move(body)), stack_(host.stacks_.Take()) {
  getcontext(&own_);
  own_.uc_stack.ss_sp = stack_.get();
  own_.uc_stack.ss_size = StackPool::kBytes;
  own_.uc_link = nullptr;
  // makecontext passes ints only.
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2, static_cast<unsigned>(address >> 32U),
              static_cast<unsigned>(address & 0xFFFFFFFFU));
#if defined(__SANITIZE_THREAD__)
  sanitizer_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(sanitizer_);
#endif
  host_.stacks_.Give(std::move(stack_));
}

void Fiber::Enter(unsigned high, unsigned low) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the only way through makecontext
  reinterpret_cast<Fiber*>((static_cast<std::uintptr_t>(high) << 32U) | low)->Run();
}

void Fiber::Run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &back_stack_, &back_size_);
#endif
  body_();
  done_ = true;
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(sanitizer_back_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, back_stack_, back_size_);
#endif
  setcontext(&back_);
}

void Fiber::Resume() {
  SM_ASSERT(host_.current_ == nullptr && !done_);
  host_.current_ = this;
#if defined(__SANITIZE_THREAD__)
  sanitizer_back_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack_.get(), StackPool::kBytes);
#endif
  swapcontext(&back_, &own_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  host_.current_ = nullptr;
}

void Fiber::Wait() {
  SM_ASSERT(host_.current_ == this);
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(sanitizer_back_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, back_stack_, back_size_);
#endif
  swapcontext(&own_, &back_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, &back_stack_, &back_size_);
#endif
}

}  // namespace softmig::simulator
