#include "async_server/async_server.hpp"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <csignal>
#include <optional>

namespace softmig::programs {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::size_t kMaxBody = 1U << 20U;
constexpr std::size_t kMaxHeader = 64U << 10U;  // a query may travel in the target
constexpr std::chrono::seconds kIdle{120};

http::Method MethodOf(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::post: return http::Method::kPost;
    case beast::http::verb::put: return http::Method::kPut;
    case beast::http::verb::delete_: return http::Method::kDelete;
    default: return http::Method::kGet;
  }
}

/// One connection: reads, asks the handler, waits where the answer is late, writes, reads again.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, std::shared_ptr<AsyncHandler> handler, const bool& closing)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), handler_(std::move(handler)), closing_(closing) {}

  void Read() {
    parser_.emplace();
    parser_->body_limit(kMaxBody);
    parser_->header_limit(kMaxHeader);
    stream_.expires_after(kIdle);
    beast::http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](Code error, std::size_t) {
      if (!error) self->Answer();
    });
  }

 private:
  void Answer() {
    const auto& request = parser_->get();
    const auto target = request.target();
    reply_ = (*handler_)({MethodOf(request.method()), {target.data(), target.size()}, request.body()});
    if (reply_.delay.count() == 0 && !reply_.hang) {
      Write();
      return;
    }
    stream_.expires_never();
    if (reply_.hang) {
      Hang();
      return;
    }
    timer_.expires_after(reply_.delay);
    timer_.async_wait([self = shared_from_this()](Code error) {
      if (!error) self->Write();
    });
  }

  /// Holds the connection until the peer gives up.
  void Hang() {
    beast::http::async_read_header(stream_, buffer_, hung_, [self = shared_from_this()](Code, std::size_t) {});
  }

  void Write() {
    MakeHeader();
    stream_.expires_after(kIdle);
    if (reply_.pieces) return WritePieces();
    response_.body() = std::move(reply_.body);
    response_.prepare_payload();
    beast::http::async_write(stream_, response_, [self = shared_from_this()](Code error, std::size_t) {
      if (!error) self->End();
    });
  }

  void MakeHeader() {
    const auto& request = parser_->get();
    response_ = {};
    response_.version(request.version());
    response_.result(static_cast<unsigned>(reply_.status));
    response_.set(beast::http::field::content_type, beast::string_view(reply_.content_type.data(), reply_.content_type.size()));
    for (const auto& [name, value] : reply_.headers) response_.set(name, value);
    response_.keep_alive(request.keep_alive() && !closing_);
  }

  void End() {
    if (response_.keep_alive()) return Read();
    Code ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  }

  void WritePieces() {
    response_.content_length(reply_.pieces->total);
    serializer_.emplace(response_);
    sent_ = 0;
    piece_.assign(reply_.pieces->piece, 'x');
    beast::http::async_write_header(stream_, *serializer_, [self = shared_from_this()](Code error, std::size_t) {
      if (!error) self->WritePiece();
    });
  }

  void WritePiece() {
    const AsyncPieces& pieces = *reply_.pieces;
    if (sent_ >= pieces.reset_at) return Reset();
    if (sent_ >= pieces.total) return End();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece_.size(), std::min(pieces.total, pieces.reset_at) - sent_));
    stream_.expires_after(kIdle);
    asio::async_write(stream_, asio::buffer(piece_.data(), size), [self = shared_from_this()](Code error, std::size_t written) {
      if (error) return;
      self->sent_ += written;
      self->Pause();
    });
  }

  void Pause() {
    if (reply_.pieces->pause.count() == 0) return WritePiece();
    timer_.expires_after(reply_.pieces->pause);
    timer_.async_wait([self = shared_from_this()](Code error) {
      if (!error) self->WritePiece();
    });
  }

  /// The peer is told that the connection broke, not that it ended.
  void Reset() {
    Code ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    stream_.close();
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  std::shared_ptr<AsyncHandler> handler_;
  const bool& closing_;  // outlives every session
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  beast::http::request_parser<beast::http::empty_body> hung_;
  AsyncReply reply_;
  beast::http::response<beast::http::string_body> response_;
  std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
  std::string piece_;
  std::uint64_t sent_ = 0;  // of the body
};

void Accept(Tcp::acceptor& acceptor, const std::shared_ptr<AsyncHandler>& handler, const bool& closing) {
  acceptor.async_accept([&acceptor, handler, &closing](Code error, Tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      socket.set_option(Tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket), handler, closing)->Read();
    }
    Accept(acceptor, handler, closing);
  });
}

}  // namespace

struct AsyncServer::State {
  bool closing = false;  // before io: sessions refer to it until io is gone
  asio::io_context io{1};
  std::vector<std::unique_ptr<Tcp::acceptor>> acceptors;
};

AsyncServer::AsyncServer() : state_(std::make_unique<State>()) {}
AsyncServer::~AsyncServer() = default;

base::Result<std::uint16_t> AsyncServer::Listen(const std::string& address, std::uint16_t port, AsyncHandler handler) {
  Code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return base::Fail(base::ErrorCode::kInvalid, address + ": not an address");
  auto acceptor = std::make_unique<Tcp::acceptor>(state_->io);
  const Tcp::endpoint endpoint(ip, port);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return base::Fail(base::ErrorCode::kUnavailable, "listen on " + address + ":" + std::to_string(port) + ": " + error.message());
  const std::uint16_t bound = acceptor->local_endpoint().port();
  state_->acceptors.push_back(std::move(acceptor));
  Accept(*state_->acceptors.back(), std::make_shared<AsyncHandler>(std::move(handler)), state_->closing);
  return bound;
}

void AsyncServer::Run(base::Millis grace) {
  asio::signal_set signals(state_->io, SIGTERM, SIGINT);
  asio::steady_timer deadline(state_->io);
  signals.async_wait([&](Code error, int) {
    if (error) return;
    state_->closing = true;
    for (auto& acceptor : state_->acceptors) acceptor->close();
    deadline.expires_after(grace);
    deadline.async_wait([this](Code) { state_->io.stop(); });
  });
  state_->io.run();
}

}  // namespace softmig::programs
