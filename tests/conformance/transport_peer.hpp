#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "transport_certs.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace softmig::http::testing {

class HostileServer;

/// The server's end of one connection, for a script to misbehave with. Blocking; every call ends when the server stops.
class Peer {
 public:
  Peer(HostileServer& server, int socket, int number) : server_(server), socket_(socket), number_(number) {}
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// 0 for the first connection that was accepted.
  [[nodiscard]] int number() const { return number_; }
  /// Head and body (by Content-Length) of the next request, also noted in the server. Nothing once the client has gone.
  std::optional<std::string> ReadRequest();
  bool Send(std::string_view bytes);
  /// Lets `time` pass between two pieces of an answer.
  void Pause(std::chrono::milliseconds time);
  /// Until the client hangs up.
  void Hold();
  void Close();
  /// Closes with a TCP reset.
  void Reset();

 private:
  friend class HostileServer;
  bool Handshake(ssl_ctx_st* context);
  long ReadSome(char* place, std::size_t size);
  void Interrupt();

  HostileServer& server_;
  std::mutex mutex_;
  int socket_;
  int number_;
  ssl_st* ssl_ = nullptr;
  std::string unread_;
};

struct ServerTls {
  Identity identity;
  std::string client_ca_pem;  ///< not empty: a client certificate of this CA is required
};

/// A server on a free port of 127.0.0.1 that does with each connection what a script says, on a thread of its own.
class HostileServer {
 public:
  using Script = std::function<void(Peer&)>;
  explicit HostileServer(Script script, std::optional<ServerTls> tls = std::nullopt);
  ~HostileServer();

  [[nodiscard]] std::string Url(std::string_view path = "/") const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::vector<std::string> requests() const;
  /// How many requests contain `text`.
  [[nodiscard]] int CountRequests(std::string_view text) const;
  [[nodiscard]] int connections() const;
  /// True once `count` scripts have returned; false after a generous while.
  [[nodiscard]] bool WaitForFinished(int count);
  /// True once `count` requests have been read; false after a generous while.
  [[nodiscard]] bool WaitForRequests(int count);

 private:
  friend class Peer;
  void Accept();
  void Serve(Peer& peer);

  Script script_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  int finished_ = 0;
  std::vector<std::string> requests_;
  std::list<std::unique_ptr<Peer>> peers_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with a length and `body`.
std::string Ok(std::string_view body);
/// One chunk of a chunked body.
std::string Chunk(std::string_view data);
inline constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace softmig::http::testing
