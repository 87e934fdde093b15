#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>

#include "http/beast_channel.hpp"

namespace softmig::http {

/// Connections that wait for their next request. Belongs to the transport's thread.
class ChannelPool {
 public:
  explicit ChannelPool(boost::asio::io_context& io) : sweep_(io) {}

  /// The connection used last that is still quiet: one that became readable while idle was closed by its peer, or its
  /// peer broke the protocol. Null where there is none.
  std::unique_ptr<Channel> Take(const ChannelKey& key);
  /// Keeps an open connection at rest for a minute. Closes it where enough of its origin wait already.
  void Give(std::unique_ptr<Channel> channel);
  /// Closes everything; what is given later is closed too.
  void Close();

 private:
  struct Idle {
    std::unique_ptr<Channel> channel;
    std::chrono::steady_clock::time_point until;
  };
  void ArmSweep();
  void Sweep();

  std::map<ChannelKey, std::deque<Idle>> idle_;  ///< oldest first; no empty queues
  boost::asio::steady_timer sweep_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace softmig::http
