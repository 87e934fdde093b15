#include <algorithm>

#include "sim/core/network.hpp"

namespace softmig::simulator {
namespace {

/// metadata.resourceVersion of an object's text, without parsing all of it.
std::string VersionIn(const std::string& body) {
  static constexpr std::string_view kKey = "\"resourceVersion\":\"";
  const auto at = body.find(kKey);
  if (at == std::string::npos) return "";
  const auto from = at + kKey.size();
  return body.substr(from, body.find('"', from) - from);
}

/// The reader's end of a watch.
class Handle final : public http::Stream {
 public:
  explicit Handle(std::shared_ptr<WatchLink> link) : link_(std::move(link)) {}
  ~Handle() override {
    link_->closed = true;
    link_->watch.reset();
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  std::shared_ptr<WatchLink> link_;
};

}  // namespace

void ApiTransport::Send(http::Request request, http::SendOptions options, std::function<void(base::Result<http::Response>)> done) {
  const ApiCall call = ReadCall(request);
  if (rewrite_ && !rewrite_(request, call)) return done(base::Fail(base::ErrorCode::kUnavailable, "refused"));
  const std::string what = transcript_.on() ? std::string(http::Name(request.method)) + request.url.substr(10) : std::string();
  const std::string body = transcript_.on() && call.write ? " " + request.body.substr(0, 600) : std::string();
  base::Result<http::Response> answer = Exchange(std::move(request), options, call);
  const auto status = answer ? answer->status : -static_cast<int>(answer.error().code);
  transcript_.Mix(static_cast<std::uint64_t>(status));
  transcript_.Line(loop_.now(), "{}: {} -> {}{}", process_.name(), what, answer ? std::to_string(status) : answer.error().ToString(),
                   !answer || status < 300 ? body : " " + answer->body);
  if (failed_ && call.write && (status < 200 || status > 299)) failed_();
  if (acknowledged_ && call.write && status >= 200 && status <= 299) acknowledged_(call, VersionIn(answer->body));
  done(std::move(answer));
}

base::Result<http::Response> ApiTransport::Exchange(http::Request request, const http::SendOptions& options, const ApiCall& call) {
  const Time start = loop_.now();
  const Time deadline = start + options.deadline;
  const auto self = process_.shared_from_this();
  Sender sender{process_.index(), process_.name(), view_ ? view_() : nullptr};
  const Fate fate = network_.Draw(process_, call);
  process_.Sleep(fate.before);
  if (call.write) network_.BeforeWrite(process_, call);
  if (options.may_send && !options.may_send()) return base::Fail(base::ErrorCode::kFenced, "not sent");
  if (fate.kind == Fate::Kind::kRefused) {
    process_.Sleep(fate.out);
    return base::Fail(base::ErrorCode::kUnavailable, "connection refused");
  }
  auto answer = std::make_shared<std::optional<http::Response>>();
  loop_.After(fate.out, nullptr, [this, self, request = std::move(request), sender = std::move(sender), fate, answer] {
    *answer = network_.Arrive(self, request, sender, fate);
  });
  const bool answered = fate.kind == Fate::Kind::kAnswered || fate.kind == Fate::Kind::kInjected;
  const Time there = loop_.now() + fate.out + fate.back;
  if (!answered && call.kind != Kind::kLeases) network_.Disturb(process_.index(), call.name, deadline);
  process_.SleepUntil(answered ? std::min(there, deadline) : deadline);
  if (!answered || there > deadline || !*answer) {
    network_.Disturb(process_.index(), call.name, loop_.now());
    return base::Fail(base::ErrorCode::kTimeout, "no answer within the deadline");
  }
  return std::move(**answer);
}

std::unique_ptr<http::Stream> ApiTransport::OpenStream(http::Request request, base::Millis, http::StreamCallbacks callbacks) {
  auto link = std::make_shared<WatchLink>();
  link->process = process_.shared_from_this();
  link->kind = ReadCall(request).kind;
  link->request = std::move(request);
  link->callbacks = std::move(callbacks);
  network_.Open(link);
  return std::make_unique<Handle>(link);
}

}  // namespace softmig::simulator
