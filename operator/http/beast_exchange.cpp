#include "http/beast_exchange.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>

namespace softmig::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr int kMaxInterimAnswers = 16;
/// Above the header limit, so that the parser's own limit speaks first; it also bounds a chunk's header line.
constexpr std::size_t kMaxBuffered = kMaxAnswerHeader + (32U << 10U);

/// What the peer sent is nonsense (kInvalid), or the connection failed (kUnavailable).
base::ErrorCode CodeOf(const boost::system::error_code& ec) {
  namespace http = beast::http;
  static const auto& category = http::make_error_code(http::error::end_of_stream).category();
  if (ec.category() != category) return base::ErrorCode::kUnavailable;
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return base::ErrorCode::kUnavailable;
  return base::ErrorCode::kInvalid;
}

std::string TextOf(const boost::system::error_code& ec) {
  namespace http = beast::http;
  if (ec == http::error::end_of_stream) return "connection closed before an answer";
  if (ec == http::error::partial_message) return "connection closed in the middle of an answer";
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return "answer header longer than 64 KiB";
  if (CodeOf(ec) == base::ErrorCode::kInvalid) return "malformed answer: " + ec.message();
  return ec.message();
}

Headers HeadersOf(const beast::http::response_header<>& header) {
  Headers headers;
  for (const auto& field : header) headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return headers;
}

}  // namespace

BeastExchange::BeastExchange(BeastCore& core, ExchangePlan plan)
    : core_(core), plan_(std::move(plan)), timer_(core.io), resolver_(core.io), buffer_(kMaxBuffered) {}

ChannelKey BeastExchange::Key() const {
  return {plan_.url.scheme + "://" + HostPort(plan_.url), plan_.url.scheme == "https" ? plan_.request.tls : nullptr};
}

void BeastExchange::Start() {
  if (core_.closed) return Cancel();
  core_.live.emplace(this, shared_from_this());
  ArmTimer();
  channel_ = core_.pool.Take(Key());
  if (channel_) return Write();
  channel_ = std::make_unique<Channel>(core_.io, Key());
  Resolve();
}

void BeastExchange::Cancel() { Finish(base::ErrorCode::kCancelled, "cancelled"); }

void BeastExchange::ArmTimer() {
  timer_.expires_after(plan_.limit);
  timer_.async_wait([self = shared_from_this()](ErrorCode ec) {
    if (ec || self->finished_ || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->Finish(base::ErrorCode::kTimeout,
                 self->plan_.limit_is_idle ? "no data within the idle limit" : "no complete answer within the deadline");
  });
}

/// The peer gave a sign of life.
void BeastExchange::Touch() {
  if (plan_.limit_is_idle) ArmTimer();
}

void BeastExchange::Resolve() {
  ErrorCode bad;
  const auto address = asio::ip::make_address(plan_.url.host, bad);
  if (!bad) {  // no detour over the resolver's thread
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(std::stoi(plan_.url.port)));
    return Connect(tcp::resolver::results_type::create(endpoint, plan_.url.host, plan_.url.port));
  }
  resolver_.async_resolve(plan_.url.host, plan_.url.port,
                          [self = shared_from_this()](ErrorCode ec, const tcp::resolver::results_type& found) {
                            if (self->finished_) return;
                            if (ec) return self->Fail(ec, "resolve");
                            self->Connect(found);
                          });
}

void BeastExchange::Connect(const tcp::resolver::results_type& endpoints) {
  asio::async_connect(channel_->socket(), endpoints,
                      [self = shared_from_this()](ErrorCode ec, const tcp::endpoint&) { self->OnConnected(ec); });
}

void BeastExchange::OnConnected(ErrorCode ec) {
  if (finished_) return;
  if (ec) return Fail(ec, "connect");
  ErrorCode ignored;
  channel_->socket().set_option(tcp::no_delay(true), ignored);
  channel_->socket().set_option(asio::socket_base::keep_alive(true), ignored);
  if (plan_.url.scheme == "https") return Handshake();
  Write();
}

void BeastExchange::Handshake() {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  const auto* settings = plan_.request.tls.get();
  if (auto ready = ConfigureTls(context->native_handle(), settings, plan_.url.host, core_.system_cas); !ready) {
    return Finish(ready.error().code, "TLS: " + ready.error().message);
  }
  auto& tls = channel_->StartTls(std::move(context));
  const auto name = VerifiedName(settings, plan_.url.host);
  if (!IsAddress(name)) SSL_set_tlsext_host_name(tls.native_handle(), name.c_str());
  tls.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](ErrorCode ec) { self->OnHandshake(ec); });
}

void BeastExchange::OnHandshake(ErrorCode ec) {
  if (finished_) return;
  if (!ec) return Write();
  const long verdict = SSL_get_verify_result(channel_->tls()->native_handle());
  if (verdict == X509_V_OK) return Fail(ec, "TLS handshake");
  Finish(base::ErrorCode::kUnavailable, std::string("TLS: certificate refused: ") + X509_verify_cert_error_string(verdict));
}

std::string BeastExchange::RequestHead() const {
  const auto& request = plan_.request;
  std::string head(Name(request.method));
  head += " " + plan_.url.target + " HTTP/1.1\r\nHost: " + HostField(plan_.url) + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!IsTransportField(name)) head += name + ": " + value + "\r\n";
  }
  const bool carries = request.method == Method::kPost || request.method == Method::kPut || request.method == Method::kPatch;
  if (carries || !request.body.empty()) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return head + "\r\n";
}

void BeastExchange::Write() {
  head_ = RequestHead();
  if (plan_.may_send && !plan_.may_send()) {
    core_.pool.Give(std::move(channel_));  // nothing was written on it
    return Finish(base::ErrorCode::kFenced, "not sent: the right to write may be lost");
  }
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(plan_.request.body)};
  asio::async_write(*channel_, parts, [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnWritten(ec); });
}

void BeastExchange::OnWritten(ErrorCode ec) {
  if (finished_) return;
  // A peer that refuses the body may have answered before it closed: its answer says more than our failed write.
  write_error_ = ec;
  if (!ec) Touch();
  ReadHeader();
}

void BeastExchange::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(kMaxAnswerHeader));
  // Counted in OnBody, which knows the caller's limit. Beast 1.74 takes "none" for zero where there is a Content-Length.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  if (plan_.request.method == Method::kHead) parser_->skip(true);
  beast::http::async_read_header(*channel_, buffer_, *parser_,
                                 [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnHeader(ec); });
}

void BeastExchange::OnHeader(ErrorCode ec) {
  if (finished_) return;
  if (ec) return Fail(write_error_ ? write_error_ : ec, write_error_ ? "write" : "read");
  Touch();
  const int status = static_cast<int>(parser_->get().result_int());
  if (status < 200) {
    if (status == 101 || ++interim_answers_ > kMaxInterimAnswers)
      return Finish(base::ErrorCode::kInvalid, "malformed answer: unexpected interim answer");
    return ReadHeader();
  }
  if (const auto length = parser_->content_length(); length && *length > plan_.max_body && plan_.request.method != Method::kHead) {
    return Finish(base::ErrorCode::kInvalid, "answer longer than allowed");
  }
  plan_.callbacks.on_status(status, HeadersOf(parser_->get()));
  if (finished_) return;
  if (parser_->is_done()) return Complete();
  ReadBody();
}

void BeastExchange::ReadBody() {
  parser_->get().body().data = piece_.data();
  parser_->get().body().size = piece_.size();
  beast::http::async_read_some(*channel_, buffer_, *parser_, [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnBody(ec); });
}

void BeastExchange::OnBody(ErrorCode ec) {
  if (finished_) return;
  if (ec == beast::http::error::need_buffer) ec = {};
  // Also with an error: what came before it is data.
  const std::size_t got = piece_.size() - parser_->get().body().size;
  received_ += got;
  if (received_ > plan_.max_body) return Finish(base::ErrorCode::kInvalid, "answer longer than allowed");
  if (got > 0) {
    Touch();
    plan_.callbacks.on_chunk(std::string_view(piece_.data(), got));
    if (finished_) return;
  }
  if (ec) return Fail(ec, "read");
  if (parser_->is_done()) return Complete();
  ReadBody();
}

void BeastExchange::Complete() {
  const bool reusable = parser_->keep_alive() && buffer_.size() == 0 && !write_error_;
  if (reusable) core_.pool.Give(std::move(channel_));
  Finish(base::Status());
}

void BeastExchange::Fail(ErrorCode ec, std::string_view doing) { Finish(CodeOf(ec), std::string(doing) + ": " + TextOf(ec)); }

void BeastExchange::Finish(base::ErrorCode code, std::string_view reason) { Finish(base::Fail(Failure(plan_, code, reason))); }

void BeastExchange::Finish(base::Status status) {
  if (finished_) return;
  finished_ = true;
  const auto self = shared_from_this();  // live may hold the last owner
  core_.live.erase(this);
  timer_.cancel();
  resolver_.cancel();
  // Only closed here: its buffers are still in use until the handlers that this ends have run.
  if (channel_) channel_->Close();
  const auto callbacks = std::exchange(plan_.callbacks, {});
  callbacks.on_end(std::move(status));
}

}  // namespace softmig::http
