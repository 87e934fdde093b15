#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/beast_channel.hpp"
#include "http/beast_pool.hpp"
#include "http/client_common.hpp"
#include "http/tls_context.hpp"

namespace softmig::http {

class BeastExchange;

/// What the exchanges of one transport share. But for `io`, all of it belongs to the thread that runs `io`.
struct BeastCore {
  boost::asio::io_context io{1};  ///< first: the sockets below must go before it
  ChannelPool pool{io};
  SystemCas system_cas;
  std::unordered_map<BeastExchange*, std::shared_ptr<BeastExchange>> live;
  bool closed = false;
};

/// One request and its answer, sent at most once:
///   Start → (Resolve → Connect → Handshake | pooled channel) → Write → ReadHeader ⟲ 1xx → ReadBody ⟲ → Finish
/// Any step may end it early through Finish, which runs once and closes or gives back the channel. Handlers that come
/// later see finished_ and do nothing. Runs on the transport's thread only.
class BeastExchange : public std::enable_shared_from_this<BeastExchange> {
 public:
  BeastExchange(BeastCore& core, ExchangePlan plan);
  void Start();
  /// Ends it with kCancelled where it has not ended yet.
  void Cancel();

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::response_parser<boost::beast::http::buffer_body>;

  void ArmTimer();
  void Touch();
  void Resolve();
  void Connect(const boost::asio::ip::tcp::resolver::results_type& endpoints);
  void OnConnected(ErrorCode ec);
  void Handshake();
  void OnHandshake(ErrorCode ec);
  void Write();
  void OnWritten(ErrorCode ec);
  void ReadHeader();
  void OnHeader(ErrorCode ec);
  void ReadBody();
  void OnBody(ErrorCode ec);
  void Complete();
  void Fail(ErrorCode ec, std::string_view doing);
  void Finish(base::Status status);
  void Finish(base::ErrorCode code, std::string_view reason);
  [[nodiscard]] std::string RequestHead() const;
  [[nodiscard]] ChannelKey Key() const;

  BeastCore& core_;
  ExchangePlan plan_;
  boost::asio::steady_timer timer_;
  boost::asio::ip::tcp::resolver resolver_;
  std::unique_ptr<Channel> channel_;
  std::string head_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::array<char, 16U << 10U> piece_{};
  ErrorCode write_error_;
  std::size_t received_ = 0;  ///< body bytes
  int interim_answers_ = 0;
  bool finished_ = false;
};

}  // namespace softmig::http
