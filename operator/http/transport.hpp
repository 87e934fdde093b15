#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace softmig::http {

struct SendOptions {
  /// Total time from the call to the last byte; kTimeout afterwards, whatever the peer does.
  base::Millis deadline{10'000};
  /// A longer answer ends with kInvalid and is not kept.
  std::size_t max_body = 64U << 20U;
  /// Checked again right before the first byte is handed to the kernel; where it says no, the request is not sent
  /// and ends with kFenced. Must be thread-safe and quick. Empty: always yes.
  std::function<bool()> may_send;
};

/// A long answer read in pieces (a Kubernetes watch). Destroying it cancels it and waits until no callback runs.
class Stream {
 public:
  virtual ~Stream() = default;
};

struct StreamCallbacks {
  /// Once, before any chunk. A status other than 2xx: the chunks are the error body.
  std::function<void(int status, const Headers&)> on_status;
  std::function<void(std::string_view chunk)> on_chunk;
  /// Exactly once, last: ok for a complete answer, kTimeout for idle, else what happened. Not called after destruction began.
  std::function<void(base::Status)> on_end;
};

/// An HTTP/1.1 client for trusted peers (an API server, a metrics source). Thread-safe.
/// Callbacks run on the transport's own thread: they must return at once (hand over to a queue) and not throw.
/// Connections are kept alive and reused per origin and TlsSettings. Redirects are not followed, proxies not used.
/// A request is sent at most once: never repeated by the transport, whatever its method.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  /// Calls `done` exactly once, also at destruction (kCancelled). Any HTTP status is a value, not an error.
  virtual void Send(Request request, SendOptions options, std::function<void(base::Result<Response>)> done) = 0;

  /// `idle`: the longest silence between two chunks (and for connect and headers); no total limit.
  [[nodiscard]] virtual std::unique_ptr<Stream> OpenStream(Request request, base::Millis idle, StreamCallbacks callbacks) = 0;
};

/// Send and wait. Never call it from a transport callback.
base::Result<Response> SendAndWait(HttpTransport& transport, Request request, SendOptions options);

enum class TransportKind { kCpprest, kBeast };

/// Tells the C++ REST SDK not to read the system's CA files for each connection and to use one thread.
/// REQUIRES: called first thing in main where kCpprest is used (it sets environment variables).
void PrepareProcessForCpprest();

std::unique_ptr<HttpTransport> MakeTransport(TransportKind kind);

}  // namespace softmig::http
