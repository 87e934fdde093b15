#include "http/beast_session.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>

namespace softmig::http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

namespace {

/// How much and how long a refused peer may go on sending before we hang up: a close with unread bytes would be a reset,
/// which can take our answer away before the peer read it.
constexpr std::size_t kLingerBytes = 256U << 10U;
constexpr base::Millis kLingerTime{1'000};

std::optional<Method> MethodOf(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return Method::kGet;
    case beast_http::verb::post: return Method::kPost;
    case beast_http::verb::put: return Method::kPut;
    case beast_http::verb::patch: return Method::kPatch;
    case beast_http::verb::delete_: return Method::kDelete;
    case beast_http::verb::head: return Method::kHead;
    default: return std::nullopt;
  }
}

/// Length and transfer coding together let two readers see two different bodies.
bool HasTwoLengths(const beast_http::request_header<>& header) {
  return header.count(beast_http::field::content_length) > 0 && header.count(beast_http::field::transfer_encoding) > 0;
}

ServerRequest TakeRequest(beast_http::request<beast_http::string_body>& message, Method method) {
  ServerRequest request;
  request.method = method;
  request.target = std::string(message.target());
  for (const auto& field : message) request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  return request;
}

bool IsOurField(std::string_view name) {
  const Headers own = {{"content-length", ""}, {"connection", ""}, {"transfer-encoding", ""}};
  return Find(own, name).has_value();
}

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

Response AnswerOf(const ServerHandler& handler, const ServerRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception&) {  // against its contract; one request must not end the process
    return Response{500, {}, {}};
  }
}

}  // namespace

BeastSession::BeastSession(ServerShared& shared, Socket socket)
    : shared_(shared), socket_(std::move(socket)), timer_(socket_.get_executor()), buffer_(shared.options.max_header + (16U << 10U)) {
  ++shared_.connections;
}

BeastSession::~BeastSession() { --shared_.connections; }

void BeastSession::Start() {
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  Arm(shared_.options.request_timeout);
  ReadHeader();
}

void BeastSession::Arm(base::Millis limit) {
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this()](ErrorCode ec) {
    const auto self = weak.lock();
    if (ec || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->Close();
  });
}

/// Between two requests: quiet for long is allowed here, and only here.
void BeastSession::WaitRequest() {
  if (buffer_.size() > 0) {
    Arm(shared_.options.request_timeout);
    return ReadHeader();
  }
  Arm(shared_.options.idle_timeout);
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](ErrorCode ec) {
    if (ec) return;
    self->Arm(self->shared_.options.request_timeout);
    self->ReadHeader();
  });
}

void BeastSession::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_.options.max_header));
  parser_->body_limit(shared_.options.max_body);
  beast_http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnHeader(ec); });
}

void BeastSession::OnHeader(ErrorCode ec) {
  if (ec) return RefuseFor(ec);
  const auto method = MethodOf(parser_->get().method());
  if (!method) return Refuse(501);
  method_ = *method;
  if (HasTwoLengths(parser_->get())) return Refuse(400);
  if (parser_->is_done()) return Answer();
  if (parser_->get()[beast_http::field::expect] == "100-continue" && buffer_.size() == 0) return SendContinue();
  ReadBody();
}

void BeastSession::SendContinue() {
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](ErrorCode ec, std::size_t) {
    if (!ec) self->ReadBody();
  });
}

void BeastSession::ReadBody() {
  beast_http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnBody(ec); });
}

void BeastSession::OnBody(ErrorCode ec) {
  if (ec) return RefuseFor(ec);
  Answer();
}

void BeastSession::Answer() {
  const auto after = parser_->keep_alive() ? After::kKeep : After::kClose;
  auto message = parser_->release();
  const Response response = AnswerOf(shared_.handler, TakeRequest(message, method_));
  Arm(shared_.options.request_timeout);  // the handler's time is not the peer's; reading our answer is
  WriteAnswer(response, after);
}

/// What the reader objected to, as an answer; nothing where the connection itself ended.
void BeastSession::RefuseFor(ErrorCode ec) {
  using Error = beast_http::error;
  if (ec == Error::header_limit || ec == Error::buffer_overflow) return Refuse(431);
  if (ec == Error::body_limit) return Refuse(413);
  if (ec == Error::end_of_stream || ec == Error::partial_message) return Close();
  static const auto& ours = beast_http::make_error_code(Error::end_of_stream).category();
  if (ec.category() == ours) return Refuse(400);
  Close();
}

void BeastSession::Refuse(int status) {
  method_ = Method::kGet;
  WriteAnswer(Response{status, {}, {}}, After::kClose);
}

void BeastSession::WriteAnswer(const Response& response, After after) {
  after_ = after;
  out_ = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out_ += std::string(beast_http::obsolete_reason(static_cast<beast_http::status>(response.status))) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!IsOurField(name)) out_ += name + ": " + value + "\r\n";
  }
  if (MayHaveBody(response.status)) out_ += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (after == After::kClose) out_ += "Connection: close\r\n";
  out_ += "\r\n";
  if (method_ != Method::kHead && MayHaveBody(response.status)) out_ += response.body;
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](ErrorCode ec, std::size_t) { self->OnWritten(ec); });
}

void BeastSession::OnWritten(ErrorCode ec) {
  if (ec) return Close();
  if (after_ == After::kKeep) return WaitRequest();
  Linger();
}

void BeastSession::Linger() {
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  Arm(kLingerTime);
  buffer_.clear();
  DiscardMore();
}

void BeastSession::DiscardMore() {
  socket_.async_read_some(buffer_.prepare(4U << 10U), [self = shared_from_this()](ErrorCode ec, std::size_t got) {
    self->discarded_ += got;
    if (ec || self->discarded_ > kLingerBytes) return self->Close();
    self->DiscardMore();
  });
}

void BeastSession::Close() {
  timer_.cancel();
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace softmig::http
