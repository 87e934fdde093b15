#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/capture/capture.hpp"
#include "agent/capture/memory_budget.hpp"
#include "agent/capture/watch_plan.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace softmig::agent {

struct ExtProcOptions {
  std::string address = "127.0.0.1:0";   ///< host:port or unix:/path; port 0: any free one, see ExtProcServer::port()
  std::size_t most_streams = 1'024;      ///< more are closed unread and counted
  std::size_t most_per_second = 1'500;   ///< streams that begin to be read; others wait for their turn
  std::size_t most_message = 1U << 20U;  ///< bytes; a stream with a longer one ends
  std::size_t grpc_memory = 64U << 20U;  ///< bytes that gRPC's own buffers may take before it slows its peers down
};

/// Told of every stream. Runs on the server's thread; must return at once and not throw.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  /// A stream began. Exactly one of OnRefused and OnEnd follows.
  virtual void OnOpen() = 0;
  /// There are too many of them: nothing was read.
  virtual void OnRefused() = 0;
  /// Its request is to be compared. At most once, before OnEnd.
  virtual void OnEligible(std::size_t component) = 0;
  virtual void OnEnd(CaptureEnd end) = 0;
};

/// The gRPC service to which Envoy's ext_proc filter sends its copies (observability mode). Says nothing, and closes a stream as soon as it
/// needs no more of it, or at the next message after this process could not run for a while (stall_watch.hpp). Reads one message a stream
/// at a time, on a thread of its own that takes every few milliseconds what has come. Destroying it ends all streams and waits for their
/// OnEnd.
class ExtProcServer {
 public:
  /// All references must outlive the server and what it gave. kUnavailable where the address cannot be bound.
  struct Parts {
    const WatchPlan& plan;
    const CaptureLimits& limits;
    MemoryBudget& budget;
    StreamObserver& observer;
    const base::Clock& clock;
  };
  static base::Result<std::unique_ptr<ExtProcServer>> Listen(const ExtProcOptions& options, const Parts& parts);
  ~ExtProcServer();
  ExtProcServer(const ExtProcServer&) = delete;
  ExtProcServer& operator=(const ExtProcServer&) = delete;

  /// 0 for a unix socket.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t open_streams() const;

 private:
  class Impl;
  explicit ExtProcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::agent
