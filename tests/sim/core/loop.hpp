#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sim/core/random.hpp"

namespace softmig::simulator {

/// Whose code an event runs: a process that can be frozen (its events wait) or be dead (they are dropped).
class Gate {
 public:
  virtual ~Gate() = default;
  /// After each event that passed the gate.
  virtual void AfterEvent() {}

  bool dead = false;
  bool frozen = false;
};
using GatePtr = std::shared_ptr<Gate>;

/// Decides where a run can go on in several ways. The random runs have none: their delays already come from the seed.
class Chooser {
 public:
  virtual ~Chooser() = default;
  /// 0 … n-1, where 0 is the ordinary way. REQUIRES: n > 1.
  virtual int Choose(int n) = 0;
  /// A phase or a weight changed just now.
  virtual void Mark() {}
};

/// Virtual time and the events to come. Nothing runs but one event at a time; idle time costs nothing. Not thread-safe.
class Loop {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  /// `gate` may be null: the world's own events always run. Events of one time run in the order in which they were asked for.
  void At(Time when, GatePtr gate, Action action);
  void After(Time delay, GatePtr gate, Action action) { At(now_ + delay, std::move(gate), std::move(action)); }

  /// Runs events up to and including `until`, then stands there. False: Stop was called.
  bool RunUntil(Time until);
  /// Runs events until `done` (asked after each), but not beyond `until`. True where it was done.
  bool RunUntilDone(Time until, const std::function<bool()>& done);
  void Stop() { stopped_ = true; }
  [[nodiscard]] bool stopped() const { return stopped_; }

  /// The events that waited at the gate run now, in their order.
  void Thaw(Gate& gate);

  /// Called after every event.
  void SetObserver(Action observer) { observer_ = std::move(observer); }
  /// Events due within `window` of the next may be taken first.
  void SetChooser(Chooser* chooser, Time window) {
    chooser_ = chooser;
    window_ = window;
  }

 private:
  struct Event {
    Time at{};
    std::uint64_t number = 0;
    GatePtr gate;
    Action action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at != b.at ? a.at > b.at : a.number > b.number; }
  };

  Event TakeNext();
  Event TakeChosen();
  void Push(Event event);
  void Run(Event event);

  Time now_{};
  std::uint64_t numbers_ = 0;
  std::uint64_t events_ = 0;
  std::vector<Event> heap_;
  std::vector<Event> held_;
  Action observer_;
  Chooser* chooser_ = nullptr;
  Time window_{};
  bool stopped_ = false;
};

}  // namespace softmig::simulator
