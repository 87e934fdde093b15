#include "payments_api/payments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

namespace softmig::programs {
namespace {

AsyncReply Json(int status, const nlohmann::json& body) {
  AsyncReply reply;
  reply.status = status;
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

AsyncReply NotFound() { return Json(404, {{"error", "not found"}}); }

AsyncReply Text(std::string body) {
  AsyncReply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

/// Adds what comes due with one more request; true where it adds up to one.
bool ComesDue(double rate, double& owed) {
  owed += rate;
  if (owed < 1) return false;
  owed -= 1;
  return true;
}

bool IsUserPath(std::string_view path) { return path.starts_with("/payments") || path.starts_with("/refunds"); }

}  // namespace

Payments::Payments(std::string version) : version_(std::move(version)) {}

AsyncReply Payments::ServeUser(const AsyncRequest& request) {
  const std::string_view path = PathOf(request.target);
  if (path == "/healthz") return Text("ok\n");
  if (path == "/metrics") return Text(Metrics());
  if (!IsUserPath(path)) return NotFound();
  const auto start = base::SystemClock().SteadyNow();
  AsyncReply reply =
      ComesDue(fault_.error_rate, owed_errors_) ? Json(500, {{"error", "the ledger cannot be reached"}}) : Handle(request, path);
  reply.delay = fault_.latency;
  reply.headers.emplace_back("x-served-by", version_);
  const std::chrono::duration<double> took = base::SystemClock().SteadyNow() - start + fault_.latency;
  Count(reply, took.count());
  return reply;
}

AsyncReply Payments::ServeAdmin(const AsyncRequest& request) {
  if (PathOf(request.target) != "/fault") return ServeUser(request);
  if (request.method == http::Method::kPost) return SetFault(request.body);
  return Json(200, FaultJson());
}

nlohmann::json Payments::FaultJson() const {
  return {{"version", version_},
          {"error_rate", fault_.error_rate},
          {"wrong_amount_rate", fault_.wrong_amount_rate},
          {"latency_ms", fault_.latency.count()},
          {"most_reads", fault_.most_reads},
          {"without_currency", fault_.without_currency},
          {"trace", fault_.trace}};
}

AsyncReply Payments::Handle(const AsyncRequest& request, std::string_view path) {
  const std::string_view kind = path.starts_with("/payments") ? "payment" : "refund";
  const std::string_view rest = path.substr(kind.size() + 2);  // after "/payments" or "/refunds"
  if (rest.empty() && request.method == http::Method::kPost) return Create(kind, request.body);
  if (rest.size() > 1 && rest.front() == '/' && request.method == http::Method::kGet) return Show(kind, rest.substr(1));
  return NotFound();
}

AsyncReply Payments::Create(std::string_view kind, std::string_view body) {
  const auto parsed = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object() || !parsed.contains("amount") || !parsed["amount"].is_number()) {
    return Json(400, {{"error", "amount: a number is required"}});
  }
  const std::string id = fmt::format("{}_{}", kind.substr(0, 3), next_id_++);
  return Json(201, {{"id", id},
                    {"kind", kind},
                    {"amount", parsed["amount"]},
                    {"currency", parsed.value("currency", nlohmann::json("EUR"))},
                    {"status", "accepted"}});
}

/// Counts one more read.
bool Payments::IsOverloaded() {
  const base::SteadyTime now = base::SystemClock().SteadyNow();
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    reads_ = 0;
  }
  return ++reads_ > fault_.most_reads && fault_.most_reads > 0;
}

AsyncReply Payments::Show(std::string_view kind, std::string_view id) {
  if (IsOverloaded()) return Json(500, {{"error", "too many reads"}});
  int amount = std::accumulate(id.begin(), id.end(), 0, [](int sum, char c) { return (sum * 31 + c) % 100'000; });
  if (ComesDue(fault_.wrong_amount_rate, owed_amounts_)) ++amount;
  nlohmann::json shown{{"id", id}, {"kind", kind}, {"amount", amount}, {"currency", "EUR"}, {"status", "settled"}};
  if (!fault_.without_currency.empty() && id.ends_with(fault_.without_currency)) shown.erase("currency");
  if (fault_.trace) shown["trace"] = fmt::format("{}-{}", version_, next_trace_++);
  return Json(200, shown);
}

AsyncReply Payments::SetFault(std::string_view body) {
  const auto parsed = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto number = [&](const char* name) { return parsed.contains(name) ? parsed[name] : nlohmann::json(0); };
  const nlohmann::json group = parsed.is_object() ? parsed.value("without_currency", nlohmann::json("")) : nlohmann::json();
  const nlohmann::json trace = parsed.is_object() ? parsed.value("trace", nlohmann::json(false)) : nlohmann::json();
  if (!parsed.is_object() || !number("error_rate").is_number() || !number("wrong_amount_rate").is_number() ||
      !number("latency_ms").is_number() || !number("most_reads").is_number_integer() || !group.is_string() || !trace.is_boolean()) {
    return Json(400, {{"error", "want " + Payments("").FaultJson().dump()}});
  }
  fault_.error_rate = std::clamp(number("error_rate").get<double>(), 0.0, 1.0);
  fault_.wrong_amount_rate = std::clamp(number("wrong_amount_rate").get<double>(), 0.0, 1.0);
  fault_.latency = base::Millis(std::clamp<std::int64_t>(number("latency_ms").get<std::int64_t>(), 0, 60'000));
  fault_.most_reads = number("most_reads").get<std::int64_t>();
  fault_.without_currency = group.get<std::string>();
  fault_.trace = trace.get<bool>();
  owed_errors_ = owed_amounts_ = 0;
  reads_ = 0;
  return ServeAdmin({http::Method::kGet, "/fault", {}});
}

void Payments::Count(const AsyncReply& reply, double seconds) {
  ++by_code_[reply.status];
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++buckets_.at(static_cast<std::size_t>(bound - kBounds.begin()));
  seconds_ += seconds;
}

std::string Payments::Metrics() const {
  std::string text = "# HELP payments_requests_total Requests of users by answer.\n# TYPE payments_requests_total counter\n";
  for (const auto& [code, count] : by_code_) {
    text += fmt::format("payments_requests_total{{version=\"{}\",code=\"{}\"}} {}\n", version_, code, count);
  }
  text += "# HELP payments_request_duration_seconds Time to answer a user.\n# TYPE payments_request_duration_seconds histogram\n";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    sum += buckets_.at(i);
    const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds.at(i)) : "+Inf";
    text += fmt::format("payments_request_duration_seconds_bucket{{version=\"{}\",le=\"{}\"}} {}\n", version_, bound, sum);
  }
  text += fmt::format("payments_request_duration_seconds_sum{{version=\"{}\"}} {}\n", version_, seconds_);
  text += fmt::format("payments_request_duration_seconds_count{{version=\"{}\"}} {}\n", version_, sum);
  return text;
}

}  // namespace softmig::programs
