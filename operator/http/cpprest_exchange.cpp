#include "http/cpprest_exchange.hpp"

#include <pplx/threadpool.h>

#include "http/cpprest_streams.hpp"

namespace softmig::http {
namespace {

/// The SDK tells a malformed answer from a broken connection only in its texts; its error codes are of mixed categories.
bool IsMalformed(const std::string& what) { return what.starts_with("Invalid "); }

std::size_t SizeOf(const Headers& headers) {
  std::size_t size = 0;
  for (const auto& [name, value] : headers) size += name.size() + value.size() + 4;
  return size;
}

/// What a task ended with; empty where it succeeded. Observing it keeps the SDK from ending the process.
template <typename T>
std::string ProblemOf(const pplx::task<T>& task) {
  try {
    task.get();
    return {};
  } catch (const std::exception& problem) {
    return *problem.what() != '\0' ? problem.what() : "failed";
  } catch (...) {
    return "failed";
  }
}

}  // namespace

boost::asio::io_service& SdkService() { return crossplat::threadpool::shared_instance().service(); }

CpprestExchange::CpprestExchange(std::shared_ptr<CpprestCore> core, ExchangePlan plan)
    : core_(std::move(core)), plan_(std::move(plan)), timer_(SdkService()) {}

void CpprestExchange::Start() {
  if (core_->closed) return Cancel();
  core_->live.emplace(this, shared_from_this());
  // The SDK asks the resolver for the name "[::1]", brackets and all.
  if (plan_.url.host.find(':') != std::string::npos)
    return Finish(base::ErrorCode::kInvalid, "the C++ REST SDK knows no IPv6 addresses in URLs");
  ArmTimer();
  Launch();
}

void CpprestExchange::Cancel() { Finish(base::ErrorCode::kCancelled, "cancelled"); }

void CpprestExchange::ArmTimer() {
  timer_.expires_after(plan_.limit);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->Finish(base::ErrorCode::kTimeout,
                 self->plan_.limit_is_idle ? "no data within the idle limit" : "no complete answer within the deadline");
  });
}

void CpprestExchange::Launch() {
  try {
    const auto tls = plan_.url.scheme == "https" ? plan_.request.tls : nullptr;
    slot_ = core_->slots.Take(plan_.url, tls);
    slot_->Begin([weak = weak_from_this()]() {
      const auto self = weak.lock();
      return self && !self->finished_ && (!self->plan_.may_send || self->plan_.may_send());
    });
    slot_->client()
        .request(MakeRequest(), cancel_.get_token())
        .then([self = shared_from_this()](const pplx::task<web::http::http_response>& answer) { self->OnHeader(answer); });
  } catch (const std::exception& problem) {  // an address the SDK cannot read
    Finish(base::ErrorCode::kInvalid, problem.what());
  }
}

web::http::http_request CpprestExchange::MakeRequest() {
  web::http::http_request request{std::string(Name(plan_.request.method))};
  request.set_request_uri(web::http::uri(plan_.url.target));
  for (const auto& [name, value] : plan_.request.headers) {
    if (!IsTransportField(name)) request.headers().add(name, value);
  }
  SetBody(request);
  auto sink = std::make_shared<AnswerSink>([weak = weak_from_this()](const char* data, std::size_t size) {
    const auto self = weak.lock();
    return self && self->OnBody(data, size);
  });
  request.set_response_stream(concurrency::streams::streambuf<std::uint8_t>(sink).create_ostream());
  return request;
}

void CpprestExchange::SetBody(web::http::http_request& request) {
  const auto& ours = plan_.request;
  if (ours.body.empty()) {
    const bool carries = ours.method == Method::kPost || ours.method == Method::kPut || ours.method == Method::kPatch;
    if (carries) request.headers().add("Content-Length", "0");
    return;
  }
  const auto source = std::make_shared<BodySource>(ours.body, [weak = weak_from_this()]() {
    const auto self = weak.lock();
    return self && self->slot_ && self->slot_->MaySendNow();
  });
  request.set_body(concurrency::streams::streambuf<std::uint8_t>(source).create_istream(), ours.body.size());
  if (!Find(ours.headers, "Content-Type")) request.headers().remove("Content-Type");
}

void CpprestExchange::OnHeader(const pplx::task<web::http::http_response>& answer) {
  const auto problem = ProblemOf(answer);
  if (finished_) {
    // Cancelled: the end of the body is still to be observed where there is one.
    if (problem.empty()) answer.get().content_ready().then([](const pplx::task<web::http::http_response>& end) { ProblemOf(end); });
    return;
  }
  if (!problem.empty() && slot_->state().stale) return Launch();  // nothing was sent; each try uses one kept connection up
  if (!problem.empty()) return Fail(problem);
  const auto response = answer.get();
  response.content_ready().then([self = shared_from_this()](const pplx::task<web::http::http_response>& end) { self->OnAnswerEnd(end); });
  OnStatus(response);
}

void CpprestExchange::OnStatus(const web::http::http_response& response) {
  const int status = response.status_code();
  // The SDK takes an interim answer for the whole one, and the slot's next request would get this one's real answer.
  if (status < 200) return Finish(base::ErrorCode::kInvalid, "malformed answer: unexpected interim answer");
  const Headers headers(response.headers().begin(), response.headers().end());
  if (SizeOf(headers) > kMaxAnswerHeader) return Finish(base::ErrorCode::kInvalid, "answer header longer than 64 KiB");
  if (response.headers().content_length() > plan_.max_body && plan_.request.method != Method::kHead) {
    return Finish(base::ErrorCode::kInvalid, "answer longer than allowed");
  }
  if (plan_.limit_is_idle) ArmTimer();
  status_known_ = true;
  plan_.callbacks.on_status(status, headers);
  if (!finished_ && !early_.empty()) plan_.callbacks.on_chunk(std::exchange(early_, {}));
}

bool CpprestExchange::OnBody(const char* data, std::size_t size) {
  if (finished_) return false;
  // Also catches the huge size that the SDK makes of a negative chunk length, before `data` is touched.
  if (size > plan_.max_body - received_ || size > (1ULL << 31U)) {
    Finish(base::ErrorCode::kInvalid, "answer longer than allowed");
    return false;
  }
  received_ += size;
  if (!status_known_) {
    early_.append(data, size);
    return true;
  }
  if (plan_.limit_is_idle) ArmTimer();
  plan_.callbacks.on_chunk(std::string_view(data, size));
  return !finished_;
}

void CpprestExchange::OnAnswerEnd(const pplx::task<web::http::http_response>& answer) {
  const auto problem = ProblemOf(answer);
  if (finished_) return;
  if (!problem.empty()) return Fail(problem);
  core_->slots.Give(plan_.url, plan_.url.scheme == "https" ? plan_.request.tls : nullptr, std::move(slot_));
  Finish(base::Status());
}

void CpprestExchange::Fail(const std::string& what) {
  const auto& state = slot_->state();
  if (state.fenced) return Finish(base::ErrorCode::kFenced, "not sent: the right to write may be lost");
  if (!state.tls_error.empty()) return Finish(base::ErrorCode::kUnavailable, "TLS: " + state.tls_error);
  Finish(IsMalformed(what) ? base::ErrorCode::kInvalid : base::ErrorCode::kUnavailable, what);
}

void CpprestExchange::Finish(base::ErrorCode code, std::string_view reason) { Finish(base::Fail(Failure(plan_, code, reason))); }

void CpprestExchange::Finish(base::Status status) {
  if (finished_) return;
  finished_ = true;
  const auto self = shared_from_this();  // live may hold the last owner
  core_->live.erase(this);
  timer_.cancel();
  // In a handler of its own: the SDK may be in the middle of this connection's handler now.
  if (!status) SdkService().post([cancel = cancel_, slot = std::shared_ptr<CpprestSlot>(std::move(slot_))]() { cancel.cancel(); });
  const auto callbacks = std::exchange(plan_.callbacks, {});
  callbacks.on_end(std::move(status));
}

}  // namespace softmig::http
