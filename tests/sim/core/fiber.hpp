#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace softmig::simulator {

/// Memory for the stacks of fibers, kept for the next run. Not thread-safe: one a thread.
class StackPool {
 public:
  static constexpr std::size_t kBytes = 512U << 10U;
  std::unique_ptr<std::byte[]> Take();
  void Give(std::unique_ptr<std::byte[]> stack) { free_.push_back(std::move(stack)); }

 private:
  std::vector<std::unique_ptr<std::byte[]>> free_;
};

class Fiber;

/// What all fibers of one run share: their stacks, and who runs. Not thread-safe.
class FiberHost {
 public:
  explicit FiberHost(StackPool& stacks) : stacks_(stacks) {}
  /// The fiber that runs; null: the loop itself does.
  [[nodiscard]] Fiber* current() const { return current_; }

 private:
  friend class Fiber;
  StackPool& stacks_;
  Fiber* current_ = nullptr;
};

/// A thread of a simulated process, without a thread: it runs until it waits, and goes on when it is resumed. What blocks in the
/// production code (a call to the API server) thereby blocks only this fiber. An exception must not leave the body.
/// REQUIRES: nobody switches fibers in a catch block or in a destructor that runs while an exception is on its way.
class Fiber {
 public:
  Fiber(FiberHost& host, std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the body on until it waits or ends. REQUIRES: called by the loop, not by a fiber.
  void Resume();
  /// Gives control back to the loop. REQUIRES: called by this fiber's own body.
  void Wait();
  [[nodiscard]] bool done() const { return done_; }

 private:
  static void Enter(unsigned high, unsigned low);
  void Run();

  FiberHost& host_;
  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t own_{};
  ucontext_t back_{};
  bool done_ = false;
  void* sanitizer_ = nullptr;         // thread sanitizer's view of this fiber
  void* sanitizer_back_ = nullptr;    // and of the loop
  const void* back_stack_ = nullptr;  // address sanitizer's view of the loop's stack
  std::size_t back_size_ = 0;
};

}  // namespace softmig::simulator
