#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/server.hpp"

namespace softmig::http {

/// What the connections of one server share. Outlives them.
struct ServerShared {
  ServerOptions options;
  ServerHandler handler;
  std::atomic<std::size_t> connections{0};
};

/// One connection:
///   WaitRequest → ReadHeader → (Continue) → ReadBody → handler → WriteAnswer → WaitRequest | Linger → gone
/// A timer runs in every state; when it fires the socket is closed and the state's handler ends the session. All handlers
/// run on the socket's strand, so there is one at a time, on any of the server's threads.
class BeastSession : public std::enable_shared_from_this<BeastSession> {
 public:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

  /// REQUIRES: options.max_connections was checked.
  BeastSession(ServerShared& shared, Socket socket);
  ~BeastSession();
  BeastSession(const BeastSession&) = delete;
  BeastSession& operator=(const BeastSession&) = delete;

  void Start();
  Strand executor() { return socket_.get_executor(); }

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class After { kKeep, kClose };

  void Arm(base::Millis limit);
  void WaitRequest();
  void ReadHeader();
  void OnHeader(ErrorCode ec);
  void SendContinue();
  void ReadBody();
  void OnBody(ErrorCode ec);
  void Answer();
  void RefuseFor(ErrorCode ec);
  void Refuse(int status);
  void WriteAnswer(const Response& response, After after);
  void OnWritten(ErrorCode ec);
  void Linger();
  void DiscardMore();
  void Close();

  ServerShared& shared_;
  Socket socket_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Strand> timer_;
  boost::beast::flat_buffer buffer_;  ///< may hold the start of a pipelined request between two requests
  std::optional<Parser> parser_;
  Method method_ = Method::kGet;
  std::string out_;
  After after_ = After::kClose;
  std::size_t discarded_ = 0;
};

}  // namespace softmig::http
