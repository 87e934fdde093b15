#include "http/client_common.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace softmig::http {
namespace {

bool IsToken(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto allowed = [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != std::string_view::npos; };
  return !name.empty() && std::ranges::all_of(name, allowed);
}

bool IsFieldValue(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; });
}

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

base::Result<ExchangePlan> PlanExchange(Request request) {
  auto url = ParseUrl(request.url);
  if (!url) return base::Fail(base::ErrorCode::kInvalid, "request without an absolute http or https URL of at most 8 KiB");
  for (const auto& [name, value] : request.headers) {
    if (IsToken(name) && IsFieldValue(value)) continue;
    return base::Fail(base::ErrorCode::kInvalid, std::string(Name(request.method)) + " " + HostPort(*url) + ": bad header field");
  }
  ExchangePlan plan;
  plan.request = std::move(request);
  plan.url = std::move(*url);
  return plan;
}

base::Result<ExchangePlan> PlanSend(Request request, SendOptions& options, std::function<void(base::Result<Response>)>& done) {
  auto plan = PlanExchange(std::move(request));
  if (!plan) return plan;
  plan->limit = options.deadline;
  plan->max_body = options.max_body;
  plan->may_send = std::move(options.may_send);
  auto response = std::make_shared<Response>();
  plan->callbacks.on_status = [response](int status, const Headers& headers) {
    response->status = status;
    response->headers = headers;
  };
  plan->callbacks.on_chunk = [response](std::string_view chunk) { response->body += chunk; };
  plan->callbacks.on_end = [response, done = std::move(done)](base::Status end) {
    if (end) return done(std::move(*response));
    done(base::Fail(std::move(end.error())));
  };
  return plan;
}

std::string HostPort(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" + url.port;
}

std::string HostField(const Url& url) {
  std::string text = HostPort(url);
  if (url.port == (url.scheme == "https" ? "443" : "80")) text.resize(text.size() - url.port.size() - 1);
  return text;
}

bool IsTransportField(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kOwn = {
      "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Expect"};
  return std::ranges::any_of(kOwn, [&](std::string_view own) { return SameName(own, name); });
}

base::Error Failure(const ExchangePlan& plan, base::ErrorCode code, std::string_view reason) {
  std::string text(Name(plan.request.method));
  text += " " + HostPort(plan.url) + ": ";
  text += reason;
  return base::Error{code, std::move(text), std::nullopt, std::nullopt};
}

bool CallbackGate::Enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  running_ = true;
  runner_ = std::this_thread::get_id();
  return true;
}

void CallbackGate::Leave() {
  const std::lock_guard lock(mutex_);
  running_ = false;
  left_.notify_all();
}

// The wait is bounded by the callback, which must return at once.
void CallbackGate::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  left_.wait(lock, [&]() SM_REQUIRES(mutex_) { return !running_ || runner_ == std::this_thread::get_id(); });
}

StreamCallbacks Gated(std::shared_ptr<CallbackGate> gate, StreamCallbacks callbacks) {
  StreamCallbacks gated;
  gated.on_status = [gate, inner = std::move(callbacks.on_status)](int status, const Headers& headers) {
    if (!gate->Enter()) return;
    inner(status, headers);
    gate->Leave();
  };
  gated.on_chunk = [gate, inner = std::move(callbacks.on_chunk)](std::string_view chunk) {
    if (!gate->Enter()) return;
    inner(chunk);
    gate->Leave();
  };
  gated.on_end = [gate, inner = std::move(callbacks.on_end)](base::Status status) {
    if (!gate->Enter()) return;
    inner(std::move(status));
    gate->Leave();
  };
  return gated;
}

}  // namespace softmig::http
