#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/message.hpp"

namespace softmig::http {

/// What connections may be shared by: the same origin, verified and shown the same way.
struct ChannelKey {
  std::string origin;  ///< "https://host:port"
  std::shared_ptr<const TlsSettings> tls;
  bool operator<(const ChannelKey& other) const { return std::tie(origin, tls) < std::tie(other.origin, other.tls); }
};

/// One TCP connection, with TLS over it or not; one type for both, so that Beast's templates are made once.
/// Belongs to the transport's thread.
class Channel {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  Channel(boost::asio::io_context& io, ChannelKey key) : key_(std::move(key)), socket_(io) {}

  const ChannelKey& key() const { return key_; }
  Socket& socket() { return socket_; }
  executor_type get_executor() { return socket_.get_executor(); }

  /// Lays TLS over the socket. `context` lives as long as the channel.
  boost::asio::ssl::stream<Socket&>& StartTls(std::unique_ptr<boost::asio::ssl::context> context) {
    context_ = std::move(context);
    return tls_.emplace(socket_, *context_);
  }
  boost::asio::ssl::stream<Socket&>* tls() { return tls_ ? &*tls_ : nullptr; }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  void Close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  ChannelKey key_;
  Socket socket_;
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace softmig::http
