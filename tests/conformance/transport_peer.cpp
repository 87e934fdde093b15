#include "transport_peer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/assert.hpp"

namespace softmig::http::testing {
namespace {

constexpr std::chrono::seconds kLongWait{30};

std::size_t LengthOf(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = lower.find(kName);
  return at == std::string::npos ? 0 : std::stoul(lower.substr(at + kName.size()));
}

template <typename T, typename F>
std::unique_ptr<T, F> Own(T* pointer, F free) {
  SM_ASSERT(pointer != nullptr);
  return std::unique_ptr<T, F>(pointer, free);
}

auto CertOf(const std::string& pem) {
  const auto bio = Own(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return Own(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
}

SSL_CTX* ContextOf(const ServerTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const auto bio = Own(BIO_new_mem_buf(tls.identity.key_pem.data(), static_cast<int>(tls.identity.key_pem.size())), BIO_free);
  const auto key = Own(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  SM_ASSERT(SSL_CTX_use_certificate(context, CertOf(tls.identity.cert_pem).get()) == 1);
  SM_ASSERT(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
  if (!tls.client_ca_pem.empty()) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), CertOf(tls.client_ca_pem).get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

Peer::~Peer() {
  Close();
  SSL_free(ssl_);
}

bool Peer::Handshake(ssl_ctx_st* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, socket_);
  const bool ok = SSL_accept(ssl_) == 1;
  ERR_clear_error();
  return ok;
}

long Peer::ReadSome(char* place, std::size_t size) {
  if (ssl_ == nullptr) return recv(socket_, place, size, 0);
  const int got = SSL_read(ssl_, place, static_cast<int>(size));
  ERR_clear_error();
  return got;
}

std::optional<std::string> Peer::ReadRequest() {
  std::array<char, 16384> piece{};
  while (true) {
    const auto end = unread_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto whole = end + 4 + LengthOf(std::string_view(unread_).substr(0, end + 2));
      if (unread_.size() >= whole) {
        std::string request = unread_.substr(0, whole);
        unread_.erase(0, whole);
        const std::lock_guard lock(server_.mutex_);
        server_.requests_.push_back(request);
        server_.changed_.notify_all();
        return request;
      }
    }
    const auto got = ReadSome(piece.data(), piece.size());
    if (got <= 0) return std::nullopt;
    unread_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

bool Peer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    long sent = 0;
    if (ssl_ != nullptr) {
      sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      ERR_clear_error();
    } else {
      sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::Pause(std::chrono::milliseconds time) {
  std::unique_lock lock(server_.mutex_);
  server_.changed_.wait_for(lock, time, [&]() { return server_.stopped_; });
}

void Peer::Hold() {
  std::array<char, 4096> piece{};
  while (ReadSome(piece.data(), piece.size()) > 0) {
  }
}

void Peer::Close() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void Peer::Reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void Peer::Interrupt() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

HostileServer::HostileServer(Script script, std::optional<ServerTls> tls) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no flag against it
  if (tls) context_ = ContextOf(*tls);
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  SM_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  SM_ASSERT(listen(listener_, 128) == 0);
  SM_ASSERT(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this]() { Accept(); });
}

HostileServer::~HostileServer() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& peer : peers_) peer->Interrupt();
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  close(listener_);
  peers_.clear();
  SSL_CTX_free(context_);
}

void HostileServer::Accept() {
  while (true) {
    const int socket = accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    auto& peer = peers_.emplace_back(std::make_unique<Peer>(*this, socket, static_cast<int>(peers_.size())));
    if (stopped_) return;
    threads_.emplace_back([this, served = peer.get()]() { Serve(*served); });
  }
}

void HostileServer::Serve(Peer& peer) {
  if (context_ == nullptr || peer.Handshake(context_)) script_(peer);
  peer.Close();
  const std::lock_guard lock(mutex_);
  ++finished_;
  changed_.notify_all();
}

std::string HostileServer::Url(std::string_view path) const {
  return fmt::format("{}://127.0.0.1:{}{}", context_ != nullptr ? "https" : "http", port_, path);
}

std::vector<std::string> HostileServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int HostileServer::CountRequests(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(
      std::ranges::count_if(requests_, [&](const std::string& request) { return request.find(text) != std::string::npos; }));
}

int HostileServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(peers_.size());
}

bool HostileServer::WaitForFinished(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kLongWait, [&]() { return finished_ >= count; });
}

bool HostileServer::WaitForRequests(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kLongWait, [&]() { return static_cast<int>(requests_.size()) >= count; });
}

std::string Ok(std::string_view body) { return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body); }

std::string Chunk(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

}  // namespace softmig::http::testing
