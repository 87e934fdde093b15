#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace softmig::programs {

/// One request; the views live as long as the handler runs.
struct AsyncRequest {
  http::Method method = http::Method::kGet;
  std::string_view target;  ///< path and query as sent
  std::string_view body;
};

/// A body that need not fit into memory, or does not come to its end.
struct AsyncPieces {
  std::uint64_t total = 0;                                             ///< bytes that the header promises
  std::size_t piece = 1;                                               ///< bytes
  base::Millis pause{0};                                               ///< after each piece
  std::uint64_t reset_at = std::numeric_limits<std::uint64_t>::max();  ///< bytes after which the connection is reset
};

/// An answer, and how late it comes. A late answer blocks nobody else, which operator/http's server cannot promise:
/// its handlers are synchronous. That is why the test programs have a server of their own.
struct AsyncReply {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  base::Millis delay{0};
  std::optional<AsyncPieces> pieces;  ///< in place of `body`
  bool hang = false;                  ///< no answer at all; the connection stays open
};

/// Called on the server's one thread; must not block or throw.
using AsyncHandler = std::function<AsyncReply(const AsyncRequest&)>;

/// HTTP/1.1 on one thread: any number of listening ports, until SIGTERM or SIGINT.
class AsyncServer {
 public:
  AsyncServer();
  ~AsyncServer();
  AsyncServer(const AsyncServer&) = delete;
  AsyncServer& operator=(const AsyncServer&) = delete;

  /// Listens and gives back the port (`port` 0: any free one). kUnavailable where the address cannot be bound.
  base::Result<std::uint16_t> Listen(const std::string& address, std::uint16_t port, AsyncHandler handler);

  /// Serves until a signal. Then takes no new connections, ends each kept-alive one with its next answer, and returns
  /// after `grace`.
  void Run(base::Millis grace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace softmig::programs
