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

std::optional<Replied> RepliedBy(base::Result<http::Response> result, const compare::RuleSet& rules, std::size_t most_body) {
  if (!result) {
    if (result.error().code == base::ErrorCode::kCancelled) return std::nullopt;
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

Replayer::Replayer(http::HttpTransport& transport, const WatchPlan& plan, ReplayOptions options, Done done)
    : transport_(transport), plan_(plan), options_(std::move(options)), done_(std::move(done)) {}

bool Replayer::Submit(CapturedExchange& exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    if (in_flight_ == options_.most_in_flight) {
      if (waiting_.size() == options_.most_waiting) return false;
      waiting_.push_back(std::move(exchange));
      return true;
    }
    ++in_flight_;
  }
  Send(std::move(exchange));
  return true;
}

void Replayer::Stop() {
  std::deque<CapturedExchange> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting.swap(waiting_);
  }
  for (CapturedExchange& exchange : waiting) done_(std::move(exchange), std::nullopt);
}

void Replayer::Send(CapturedExchange exchange) {
  const bool is_legacys = exchange.served_by == compare::Side::kLegacy;
  http::Request request = ReplayOf(exchange.request, options_.urls.at(is_legacys ? 1 : 0));
  exchange.request = {};
  http::SendOptions options;
  options.deadline = options_.deadline;
  options.max_body = options_.longest_body;
  auto kept = std::make_shared<CapturedExchange>(std::move(exchange));  // std::function copies
  transport_.Send(std::move(request), options,
                  [this, kept](base::Result<http::Response> result) { OnReplied(std::move(*kept), std::move(result)); });
}

void Replayer::OnReplied(CapturedExchange exchange, base::Result<http::Response> result) {
  auto replied = RepliedBy(std::move(result), *plan_.components.at(exchange.component).rules, options_.most_body);
  done_(std::move(exchange), std::move(replied));
  std::optional<CapturedExchange> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      --in_flight_;
    } else {
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (next) Send(std::move(*next));
}

}  // namespace softmig::agent
