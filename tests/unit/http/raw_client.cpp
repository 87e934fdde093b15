#include "raw_client.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace softmig::http::testing {

RawClient::RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval limit{30, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SM_ASSERT(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

RawClient::~RawClient() { close(socket_); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

RawClient::Got RawClient::ReadMore() {
  std::array<char, 16384> piece{};
  const auto got = recv(socket_, piece.data(), piece.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::kNothing;
  if (got <= 0) return Got::kEnd;
  unread_.append(piece.data(), static_cast<std::size_t>(got));
  return Got::kBytes;
}

std::string RawClient::ReadHead() {
  while (unread_.find("\r\n\r\n") == std::string::npos) {
    if (ReadMore() != Got::kBytes) return std::exchange(unread_, {});
  }
  const auto size = unread_.find("\r\n\r\n") + 4;
  const auto head = unread_.substr(0, size);
  unread_.erase(0, size);
  return head;
}

std::string RawClient::ReadAnswer() {
  const auto head = ReadHead();
  const auto at = head.find("Content-Length: ");
  const std::size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  while (unread_.size() < length) {
    if (ReadMore() != Got::kBytes) break;
  }
  const auto body = unread_.substr(0, length);
  unread_.erase(0, body.size());
  return head + body;
}

std::string RawClient::ReadToEnd() {
  while (ReadMore() == Got::kBytes) {
  }
  return std::exchange(unread_, {});
}

bool RawClient::IsHungUp() {
  while (true) {
    const auto got = ReadMore();
    if (got != Got::kBytes) return got == Got::kEnd;
  }
}

void RawClient::FinishSending() { shutdown(socket_, SHUT_WR); }

}  // namespace softmig::http::testing
