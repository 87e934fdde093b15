#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/fiber.hpp"
#include "sim/core/loop.hpp"

namespace softmig::simulator {

/// Thrown through the production code out of whatever waits when its process dies. Not a std::exception: nobody catches it on the way.
struct Crashed {};

/// A simulated operating-system process: fibers for its threads, and an end that may come at any wait.
class Process : public Gate, public std::enable_shared_from_this<Process> {
 public:
  Process(Loop& loop, FiberHost& fibers, int index, std::string name) : index_(index), name_(std::move(name)), loop_(loop), host_(fibers) {}

  [[nodiscard]] int index() const { return index_; }
  /// Unique among all processes of the run.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// A thread that begins now. REQUIRES: called by the loop.
  Fiber& Spawn(const std::function<void()>& body);
  /// The running fiber waits. Throws Crashed where the process died meanwhile.
  void SleepUntil(Time when);
  void Sleep(Time duration) { SleepUntil(loop_.now() + duration); }
  /// Waits until somebody resumes the fiber.
  void Park();
  /// Resumes the fiber within an event of its own.
  void Wake(Fiber& fiber);

  /// From now on no event of this process runs. Unwind ends its fibers.
  void Die() { dead = true; }
  /// REQUIRES: dead, called by the loop.
  void Unwind();

 protected:
  [[nodiscard]] FiberHost& host() { return host_; }
  [[nodiscard]] Loop& loop() { return loop_; }

 private:
  const int index_;
  const std::string name_;
  Loop& loop_;
  FiberHost& host_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
};

}  // namespace softmig::simulator
