#include "http/beast_pool.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace softmig::http {
namespace {

constexpr std::size_t kMaxIdlePerOrigin = 64;
constexpr std::chrono::seconds kMaxIdleTime{60};
constexpr std::chrono::seconds kSweepEvery{5};

bool IsQuiet(Channel& channel) {
  char byte = 0;
  const auto got = recv(channel.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::unique_ptr<Channel> ChannelPool::Take(const ChannelKey& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<Channel> channel;
  const auto now = std::chrono::steady_clock::now();
  while (!channel && !found->second.empty()) {
    Idle last = std::move(found->second.back());
    found->second.pop_back();
    if (last.until > now && IsQuiet(*last.channel)) channel = std::move(last.channel);
  }
  if (found->second.empty()) idle_.erase(found);
  return channel;
}

void ChannelPool::Give(std::unique_ptr<Channel> channel) {
  if (closed_ || !channel->socket().is_open()) return;
  auto& queue = idle_[channel->key()];
  if (queue.size() >= kMaxIdlePerOrigin) queue.pop_front();
  queue.push_back({std::move(channel), std::chrono::steady_clock::now() + kMaxIdleTime});
  ArmSweep();
}

void ChannelPool::Close() {
  closed_ = true;
  idle_.clear();
  sweep_.cancel();
}

void ChannelPool::ArmSweep() {
  if (sweeping_ || closed_) return;
  sweeping_ = true;
  sweep_.expires_after(kSweepEvery);
  sweep_.async_wait([this](boost::system::error_code ec) {
    sweeping_ = false;
    if (!ec) Sweep();
  });
}

void ChannelPool::Sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (auto at = idle_.begin(); at != idle_.end();) {
    std::erase_if(at->second, [&](Idle& idle) { return idle.until <= now || !IsQuiet(*idle.channel); });
    at = at->second.empty() ? idle_.erase(at) : std::next(at);
  }
  if (!idle_.empty()) ArmSweep();
}

}  // namespace softmig::http
