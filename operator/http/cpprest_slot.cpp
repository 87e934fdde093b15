#include "http/cpprest_slot.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <cerrno>
#include <chrono>
#include <stdexcept>

namespace softmig::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using StateRef = std::weak_ptr<SlotState>;

constexpr std::size_t kMaxIdleSlots = 256;

/// Frees what a TLS context carries for us, together with the context.
// NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
void FreeStateRef(void* /*parent*/, void* ref, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argl*/, void* /*argp*/) {
  delete static_cast<StateRef*>(ref);
}

int StateIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeStateRef);
  return index;
}

std::shared_ptr<SlotState> StateOf(const SSL* ssl) {
  const auto* ref = static_cast<StateRef*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), StateIndex()));
  return ref != nullptr ? ref->lock() : nullptr;
}

bool MaySend(SlotState& state) {
  if (!state.may_send()) state.fenced = true;
  return !state.fenced;
}

/// Replaces OpenSSL's verification. The SDK hangs a check of its own into it that falls back to the subject's common
/// name; ours knows names and addresses of the certificate's extension only (set by ConfigureTls).
int VerifyPeer(X509_STORE_CTX* chain, void* /*unused*/) {
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto state = StateOf(ssl);
  // The last look before a new connection carries the request; the peer's certificate has just come in.
  if (!state || !state->tls_error.empty() || !MaySend(*state)) return 0;
  if (state->tls != nullptr && state->tls->insecure_skip_verify) return 1;
  X509_STORE_CTX_set_verify_cb(chain, [](int ok, X509_STORE_CTX* /*chain*/) { return ok; });
  if (X509_verify_cert(chain) == 1) return 1;
  state->tls_error = std::string("certificate refused: ") + X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
  return 0;
}

/// Sets the server name before the first message goes out, and notes what the peer complains of.
void OnTlsEvent(const SSL* ssl, int where, int value) {
  const auto state = StateOf(ssl);
  if (!state) return;
  if (where == SSL_CB_HANDSHAKE_START) {
    const auto name = VerifiedName(state->tls.get(), state->host);
    if (!IsAddress(name)) SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name.c_str());
  }
  const bool fatal = (value >> 8) == SSL3_AL_FATAL;
  if (where == SSL_CB_READ_ALERT && fatal) state->tls_error = std::string("peer's alert: ") + SSL_alert_desc_string_long(value);
}

void PrepareContext(const std::shared_ptr<SlotState>& state, asio::ssl::context& context) {
  SSL_CTX* native = context.native_handle();
  state->tls_error.clear();
  // Must not throw. What is wrong here makes VerifyPeer refuse, before a byte of the request is sent.
  if (auto ready = ConfigureTls(native, state->tls.get(), state->host, *state->system_cas); !ready)
    state->tls_error = ready.error().message;
  SSL_CTX_set_ex_data(native, StateIndex(), new StateRef(state));
  SSL_CTX_set_cert_verify_callback(native, VerifyPeer, nullptr);
  SSL_CTX_set_info_callback(native, OnTlsEvent);
}

/// An open socket here is a kept one. It is readable while idle when its peer closed it or broke the protocol.
bool IsDead(tcp::socket& socket) {
  if (!socket.is_open()) return false;
  char byte = 0;
  const auto got = recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

tcp::socket& SocketOf(const SlotState& state, web::http::client::native_handle handle) {
  if (!state.secure) return *static_cast<tcp::socket*>(handle);
  return static_cast<asio::ssl::stream<tcp::socket&>*>(handle)->next_layer();
}

/// Called by the SDK right before it sends on a kept connection or connects a new one; also when it wants to send
/// a request again by itself. Throwing ends the request and closes its connection.
void BeforeSend(SlotState& state, web::http::client::native_handle handle) {
  if (state.started) throw std::runtime_error("connection closed before an answer");
  state.started = true;
  state.stale = IsDead(SocketOf(state, handle));
  if (state.stale) throw std::runtime_error("kept connection is closed");
  if (!MaySend(state)) throw std::runtime_error("not sent");
}

web::http::client::http_client_config ConfigOf(const std::shared_ptr<SlotState>& state) {
  web::http::client::http_client_config config;
  config.set_timeout(std::chrono::hours(24));  // per step; the exchange has a timer of its own for what really counts
  config.set_max_redirects(0);
  config.set_tlsext_sni_enabled(false);  // done in OnTlsEvent
  // Weak: the client is destroyed with the slot, but requests of it may still unwind.
  config.set_ssl_context_callback([ref = StateRef(state)](asio::ssl::context& context) {
    if (const auto alive = ref.lock()) PrepareContext(alive, context);
  });
  config.set_nativehandle_options([ref = StateRef(state)](web::http::client::native_handle handle) {
    const auto alive = ref.lock();
    if (!alive) throw std::runtime_error("cancelled");
    BeforeSend(*alive, handle);
  });
  return config;
}

std::shared_ptr<SlotState> StateFor(const Url& url, std::shared_ptr<const TlsSettings> tls, SystemCas& system_cas) {
  auto state = std::make_shared<SlotState>();
  state->tls = std::move(tls);
  state->host = url.host;
  state->secure = url.scheme == "https";
  state->system_cas = &system_cas;
  return state;
}

std::string OriginOf(const Url& url) { return url.scheme + "://" + HostPort(url); }

}  // namespace

CpprestSlot::CpprestSlot(const Url& url, std::shared_ptr<const TlsSettings> tls, SystemCas& system_cas)
    : state_(StateFor(url, std::move(tls), system_cas)), client_(web::http::uri(OriginOf(url)), ConfigOf(state_)) {}

void CpprestSlot::Begin(std::function<bool()> may_send) {
  state_->may_send = std::move(may_send);
  state_->started = state_->fenced = state_->stale = false;
  state_->tls_error.clear();
}

bool CpprestSlot::MaySendNow() { return MaySend(*state_); }

std::unique_ptr<CpprestSlot> SlotCache::Take(const Url& url, std::shared_ptr<const TlsSettings> tls) {
  const auto origin = OriginOf(url);
  const auto found = std::ranges::find_if(idle_, [&](const Idle& idle) { return idle.origin == origin && idle.tls == tls; });
  if (found == idle_.end()) return std::make_unique<CpprestSlot>(url, std::move(tls), system_cas_);
  auto slot = std::move(found->slot);
  idle_.erase(found);
  return slot;
}

void SlotCache::Give(const Url& url, std::shared_ptr<const TlsSettings> tls, std::unique_ptr<CpprestSlot> slot) {
  slot->state().may_send = nullptr;  // lets go of the exchange
  idle_.push_front({OriginOf(url), std::move(tls), std::move(slot)});
  if (idle_.size() > kMaxIdleSlots) idle_.pop_back();
}

}  // namespace softmig::http
