#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/assert.hpp"

namespace softmig::agent {

/// How much all copies together may hold at one time, in bytes. Whoever gets none gives its copy up; nobody waits. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] bool Take(std::size_t bytes) {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void Give(std::size_t bytes) {
    const std::size_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
    SM_ASSERT(before >= bytes);
  }

  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one copy has taken of a budget; gives it back at its end. Moves with the copy, one thread at a time. The budget must outlive it.
class Reservation {
 public:
  explicit Reservation(MemoryBudget& budget) : budget_(&budget) {}
  Reservation(Reservation&& other) noexcept : budget_(other.budget_), held_(std::exchange(other.held_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this == &other) return *this;
    Release();
    budget_ = other.budget_;
    held_ = std::exchange(other.held_, 0);
    return *this;
  }
  ~Reservation() { Release(); }

  [[nodiscard]] bool Grow(std::size_t bytes) {
    if (!budget_->Take(bytes)) return false;
    held_ += bytes;
    return true;
  }
  /// Of the same budget, holding nothing yet.
  [[nodiscard]] Reservation Another() const { return Reservation(*budget_); }
  void Release() { budget_->Give(std::exchange(held_, 0)); }
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  MemoryBudget* budget_;
  std::size_t held_ = 0;
};

}  // namespace softmig::agent
