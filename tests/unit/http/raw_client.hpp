#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace softmig::http::testing {

/// A TCP connection to 127.0.0.1 that says what it is told. Blocking; no read waits longer than 30 s.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False once the server has hung up.
  bool Send(std::string_view bytes);
  /// One answer with its body by Content-Length. What came before a hang-up otherwise.
  std::string ReadAnswer();
  /// Only the head of an answer.
  std::string ReadHead();
  /// Everything up to the server's hang-up.
  std::string ReadToEnd();
  /// The server hung up, with or without a reset, within 30 s, whatever it said before.
  bool IsHungUp();
  /// No more from us.
  void FinishSending();

 private:
  enum class Got { kBytes, kEnd, kNothing };
  Got ReadMore();

  int socket_;
  std::string unread_;
};

}  // namespace softmig::http::testing
