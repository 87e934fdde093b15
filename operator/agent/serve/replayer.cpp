#include "agent/serve/replayer.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "model/text_rules.hpp"

namespace softmig::agent {
namespace {

/// Only what is compared is kept, as of the user's answer: no cookie, no credential.
http::Headers Kept(http::Headers headers, const compare::RuleSet& rules) {
  for (auto& [name, value] : headers) name = model::LowerAscii(std::move(name));
  std::erase_if(headers, [&](const auto& field) { return !rules.Captures(field.first); });
  return headers;
}

/// Envoy, through which all is asked, answers so for a system that is away.
bool HasFailed(const Reply& reply) {
  const auto* answer = reply ? std::get_if<compare::Answer>(&*reply) : nullptr;
  return answer == nullptr || (answer->status >= 502 && answer->status <= 504);
}

Reply RepliedBy(base::Result<http::Response> result, const compare::RuleSet& rules, std::size_t most_body) {
  if (!result) {
    if (result.error().code == base::ErrorCode::kCancelled) return std::unexpected(compare::Reason::kStopping);
    const bool is_late = result.error().code == base::ErrorCode::kTimeout;
    return is_late ? compare::Failure::kTimeout : compare::Failure::kError;
  }
  compare::Answer answer;
  answer.status = result->status;
  answer.headers = Kept(std::move(result->headers), rules);
  answer.truncated = result->body.size() > most_body;
  answer.body = std::move(result->body);
  if (answer.truncated) answer.body = answer.body.substr(0, most_body);
  return answer;
}

}  // namespace

http::Request ReplayOf(const CapturedRequest& request, const std::string& url) {
  http::Request copy;
  copy.method = request.method;
  copy.url = url + request.target;
  copy.headers = request.headers;
  copy.headers.emplace_back(kShadowHeader, "1");
  if (!request.authority.empty()) copy.headers.emplace_back(kAuthorityHeader, request.authority);
  copy.body = request.body;
  return copy;
}

Replayer::Replayer(http::HttpTransport& transport, const WatchPlan& plan, const base::Clock& clock, ReplayOptions options, Done done)
    : transport_(transport), plan_(plan), clock_(clock), options_(std::move(options)), done_(std::move(done)) {}

std::optional<compare::Reason> Replayer::Submit(CapturedExchange& exchange) {
  const base::SteadyTime now = clock_.SteadyNow();
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return compare::Reason::kStopping;
    const bool is_full = in_flight_ == options_.most_in_flight;
    const std::size_t most_waiting = exchange.is_control ? options_.most_waiting / 2 : options_.most_waiting;
    if (is_full && waiting_.size() >= most_waiting) return compare::Reason::kBufferFull;
    if (is_full) {
      waiting_.push_back(std::move(exchange));
      return std::nullopt;
    }
    if (!BreakerOf(exchange).Admit(now)) return compare::Reason::kBreakerOpen;
    ++in_flight_;
  }
  Send(std::move(exchange));
  return std::nullopt;
}

void Replayer::Stop() {
  std::deque<CapturedExchange> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting.swap(waiting_);
  }
  for (CapturedExchange& exchange : waiting) done_(std::move(exchange), std::unexpected(compare::Reason::kStopping));
}

bool Replayer::IsBreakerOpen(compare::Side side) const {
  const std::lock_guard lock(mutex_);
  return breakers_.at(static_cast<std::size_t>(side)).is_open();
}

void Replayer::Send(CapturedExchange exchange) {
  http::Request request = ReplayOf(exchange.request, options_.urls.at(static_cast<std::size_t>(AskedSide(exchange))));
  if (!exchange.wants_control) exchange.request = {};
  http::SendOptions options;
  options.deadline = options_.deadline;
  options.max_body = options_.longest_body;
  auto kept = std::make_shared<CapturedExchange>(std::move(exchange));  // std::function copies
  transport_.Send(std::move(request), options,
                  [this, kept](base::Result<http::Response> result) { OnReplied(std::move(*kept), std::move(result)); });
}

void Replayer::OnReplied(CapturedExchange exchange, base::Result<http::Response> result) {
  Reply reply = RepliedBy(std::move(result), *plan_.components.at(exchange.component).rules, options_.most_body);
  if (reply) {
    const std::lock_guard lock(mutex_);
    BreakerOf(exchange).Note(HasFailed(reply));
  }
  done_(std::move(exchange), std::move(reply));
  SendNext();
}

void Replayer::SendNext() {
  while (auto next = TakeNext()) {
    if (Admit(*next)) return Send(std::move(*next));
    done_(std::move(*next), std::unexpected(compare::Reason::kBreakerOpen));
  }
}

std::optional<CapturedExchange> Replayer::TakeNext() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --in_flight_;
    return std::nullopt;
  }
  std::optional<CapturedExchange> next(std::move(waiting_.front()));
  waiting_.pop_front();
  return next;
}

Breaker& Replayer::BreakerOf(const CapturedExchange& exchange) { return breakers_.at(static_cast<std::size_t>(AskedSide(exchange))); }

bool Replayer::Admit(const CapturedExchange& exchange) {
  const base::SteadyTime now = clock_.SteadyNow();
  const std::lock_guard lock(mutex_);
  return BreakerOf(exchange).Admit(now);
}

}  // namespace softmig::agent
