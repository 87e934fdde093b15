#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "load_generator/tally.hpp"

namespace softmig::programs {

/// A request and when its user became ready to send it.
struct Due {
  boost::beast::http::request<boost::beast::http::string_body> request;
  base::SteadyTime since;
  base::SteadyTime deadline;
};

/// One kept-alive connection: opened when first needed, closed after any error, opened again with the next request.
/// REQUIRES: outlives its io_context's handlers; one thread.
class Connection {
 public:
  Connection(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint peer, std::function<void(Connection&, Outcome)> done);

  [[nodiscard]] bool idle() const { return !due_.has_value(); }
  /// REQUIRES: idle(). Calls `done` once, at the deadline at the latest.
  void Send(Due due);

 private:
  void Connect();
  void Write();
  void Read();
  void Finish();
  void Fail(boost::system::error_code error, const char* stage);
  [[nodiscard]] Outcome MakeOutcome() const;
  void Close();

  boost::asio::ip::tcp::endpoint peer_;
  std::function<void(Connection&, Outcome)> done_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  std::optional<Due> due_;
  bool open_ = false;
};

}  // namespace softmig::programs
