#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <vector>

#include "base/assert.hpp"
#include "http/beast_session.hpp"
#include "http/server.hpp"

namespace softmig::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Pause after an accept that failed for want of descriptors or memory: trying at once would only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause{100};

class BeastServer final : public HttpServer {
 public:
  BeastServer(ServerOptions options, ServerHandler handler)
      : shared_{std::move(options), std::move(handler)},
        io_(static_cast<int>(shared_.options.threads)),
        acceptor_(asio::make_strand(io_)),
        pause_(acceptor_.get_executor()) {}

  ~BeastServer() override {
    SM_ASSERT(!IsOwnThread());
    io_.stop();
    for (auto& thread : threads_) thread.join();
    // The io context ends the sessions with their pending handlers, before shared_ goes.
  }

  base::Status Listen() {
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(shared_.options.address, ec);
    const tcp::endpoint endpoint(address, shared_.options.port);
    if (!ec) acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    const tcp::endpoint bound = ec ? endpoint : acceptor_.local_endpoint(ec);
    if (ec) {
      const auto place = shared_.options.address + ":" + std::to_string(shared_.options.port);
      return base::Fail(base::ErrorCode::kUnavailable, "listen on " + place + ": " + ec.message());
    }
    port_ = bound.port();
    return {};
  }

  void Run() {
    Accept();
    for (unsigned i = 0; i < shared_.options.threads; ++i) threads_.emplace_back([this]() { io_.run(); });
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  bool IsOwnThread() const {
    for (const auto& thread : threads_) {
      if (thread.get_id() == std::this_thread::get_id()) return true;
    }
    return false;
  }

  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](boost::system::error_code ec, BeastSession::Socket socket) {
      if (ec == asio::error::operation_aborted) return;
      if (ec) return AcceptLater();
      // Over the limit the socket is closed here, as it goes out of scope.
      if (shared_.connections < shared_.options.max_connections) StartSession(std::move(socket));
      Accept();
    });
  }

  void AcceptLater() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](boost::system::error_code ec) {
      if (!ec) Accept();
    });
  }

  /// The session's own strand must run its first step: on this one it would race with its own timer.
  void StartSession(BeastSession::Socket socket) {
    const auto session = std::make_shared<BeastSession>(shared_, std::move(socket));
    asio::post(session->executor(), [session]() { session->Start(); });
  }

  ServerShared shared_;
  asio::io_context io_;
  asio::basic_socket_acceptor<tcp, BeastSession::Strand> acceptor_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, BeastSession::Strand> pause_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<HttpServer>> ListenHttp(ServerOptions options, ServerHandler handler) {
  SM_ASSERT(options.threads > 0);
  auto server = std::make_unique<BeastServer>(std::move(options), std::move(handler));
  if (auto listening = server->Listen(); !listening) return base::Fail(std::move(listening.error()));
  server->Run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace softmig::http
