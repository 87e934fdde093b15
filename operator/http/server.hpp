#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace softmig::http {

struct ServerRequest {
  Method method = Method::kGet;
  std::string target;  ///< path and query as sent
  Headers headers;
  std::string body;
};

struct ServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;                ///< 0: any free one, see HttpServer::port()
  std::size_t max_header = 16U << 10U;   ///< more: 431 and close
  std::size_t max_body = 1U << 20U;      ///< more: 413 and close
  base::Millis request_timeout{10'000};  ///< from the first byte (or keep-alive start) to the last
  base::Millis idle_timeout{60'000};     ///< a kept-alive connection without a request
  std::size_t max_connections = 256;     ///< more: closed at once
  unsigned threads = 1;
};

/// Answers a request. Runs on a server thread, may run on several at once, must not block for long or throw.
using ServerHandler = std::function<Response(const ServerRequest&)>;

/// Everything of ours that listens: Boost.Beast, HTTP/1.1, with every limit set. Destroying it stops it.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

/// kUnavailable where the address cannot be bound.
base::Result<std::unique_ptr<HttpServer>> ListenHttp(ServerOptions options, ServerHandler handler);

}  // namespace softmig::http
