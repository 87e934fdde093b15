#include "agent/serve/agent.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "agent/capture/control.hpp"
#include "agent/serve/ext_proc_server.hpp"
#include "agent/serve/judge_thread.hpp"
#include "agent/serve/tally.hpp"
#include "base/hash.hpp"
#include "http/beast_transport.hpp"

namespace softmig::agent {
namespace {

constexpr int kStepsBack = 10;
constexpr int kNicest = 19;

/// This thread, and those that it starts, leave the processor to whoever carries users: they push nobody aside when they wake up, and get
/// the smaller share of what is short. Where the system refuses it they are as any other.
void StepBack() {
  const sched_param none{};
  if (sched_getscheduler(0) == SCHED_OTHER) sched_setscheduler(0, SCHED_BATCH, &none);
  setpriority(PRIO_PROCESS, 0, std::min(getpriority(PRIO_PROCESS, 0) + kStepsBack, kNicest));
}

http::Response Text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body)};
}

http::Response Json(const nlohmann::json& body) {
  return {200, {{"Content-Type", "application/json"}}, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace

/// Members in the order of the way of a copy, backwards: each is there before what calls it, and ends after it. The transport alone is
/// destroyed by hand, between those who send and those who are called back.
class Agent::Impl final : public StreamObserver {
 public:
  Impl(AgentConfig config, const AgentOptions& options, compare::ValueDigest digest, const base::Clock& clock)
      : config_(std::move(config)),
        routes_(options.routes),
        budget_(config_.memory),
        tally_(options.epoch, config_.plan, std::move(digest), clock),
        picker_(config_.plan.components.size(), config_.plan.controls, base::Fnv1a(options.epoch)),
        judge_(config_.plan, tally_, clock, config_.replay.most_waiting),
        transport_(http::MakeBeastTransport()),
        replayer_(*transport_, config_.plan, clock, config_.replay,
                  [this](CapturedExchange exchange, Reply reply) { OnReplied(std::move(exchange), std::move(reply)); }) {}

  ~Impl() override {
    http_.reset();
    copies_.reset();
    replayer_.Stop();
    transport_.reset();
  }

  base::Status StartCopies(const AgentOptions& options, const base::Clock& clock) {
    ExtProcOptions copies;
    copies.address = options.copies_address;
    copies.most_streams = config_.most_streams;
    copies.most_per_second = config_.most_per_second;
    auto server = ExtProcServer::Listen(copies, {config_.plan, config_.capture, budget_, *this, clock});
    if (!server) return base::Fail(server.error());
    copies_ = std::move(*server);
    return {};
  }

  base::Status StartTelling(const AgentOptions& options) {
    auto http = http::ListenHttp(options.http, [this](const http::ServerRequest& request) { return Serve(request); });
    if (!http) return base::Fail(http.error());
    http_ = std::move(*http);
    return {};
  }

  void OnOpen() override { tally_.CountOpened(); }
  void OnRefused() override { tally_.CountRefused(); }
  void OnEligible(std::size_t component) override { tally_.CountEligible(component); }
  void OnEnd(CaptureEnd end) override {
    if (const auto* skip = std::get_if<Skip>(&end)) return tally_.CountSkipped(*skip);
    if (const auto* dropped = std::get_if<DroppedExchange>(&end)) return tally_.CountDropped(dropped->component, dropped->reason);
    if (const auto* fell = std::get_if<FellBack>(&end)) return tally_.CountFellBack(fell->component);
    auto& exchange = std::get<CapturedExchange>(end);
    if (!picker_.Pick(exchange.component)) return Ask(std::move(exchange));
    if (exchange.served_by == compare::Side::kTarget) {
      exchange.wants_control = true;  // legacy has not answered yet
      return Ask(std::move(exchange));
    }
    auto control = ControlOf(exchange, exchange.answer);
    const std::size_t component = exchange.component;
    Ask(std::move(exchange));
    AskControl(component, std::move(control));
  }

  [[nodiscard]] std::uint16_t copies_port() const { return copies_->port(); }
  [[nodiscard]] std::uint16_t http_port() const { return http_->port(); }

 private:
  void Ask(CapturedExchange exchange) {
    if (const auto reason = replayer_.Submit(exchange)) tally_.CountUnasked(exchange, *reason);
  }

  void AskControl(std::size_t component, std::optional<CapturedExchange> control) {
    if (!control) return tally_.CountControl(component, ControlEnd::kLost);
    Ask(std::move(*control));
  }

  void OnReplied(CapturedExchange exchange, Reply reply) {
    const auto* answer = reply ? std::get_if<compare::Answer>(&*reply) : nullptr;
    if (exchange.wants_control) {
      AskControl(exchange.component, answer != nullptr ? ControlOf(exchange, *answer) : std::nullopt);
      exchange.request = {};
    }
    if (!reply) return tally_.CountUnasked(exchange, reply.error());
    // Of a control that is not answered nothing is known; any other failure is a verdict.
    if (exchange.is_control && answer == nullptr) return tally_.CountControl(exchange.component, ControlEnd::kLost);
    judge_.Submit(std::move(exchange), std::move(*reply));
  }

  [[nodiscard]] nlohmann::json Counts() const {
    nlohmann::json counts = tally_.CountsJson();
    if (routes_) counts["routes"] = routes_();
    counts["sampling"] = config_.sampling;
    counts["breakers"] = {{"legacy", BreakerText(compare::Side::kLegacy)}, {"target", BreakerText(compare::Side::kTarget)}};
    return counts;
  }

  [[nodiscard]] const char* BreakerText(compare::Side side) const { return replayer_.IsBreakerOpen(side) ? "open" : "closed"; }

  [[nodiscard]] Gauges Now() const {
    return {budget_.used(),
            copies_->open_streams(),
            config_.sampling,
            {replayer_.IsBreakerOpen(compare::Side::kLegacy), replayer_.IsBreakerOpen(compare::Side::kTarget)}};
  }

  http::Response Serve(const http::ServerRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/v1/counts") return Json(Counts());
    if (path == "/v1/differences") return Json(tally_.DifferencesJson());
    if (path == "/metrics") return Text(200, tally_.Metrics(Now()));
    if (path == "/healthz") return Text(200, "ok\n");
    return Text(404, "try /v1/counts, /v1/differences, /metrics or /healthz\n");
  }

  const AgentConfig config_;
  const std::function<std::string()> routes_;
  MemoryBudget budget_;
  Tally tally_;
  ControlPicker picker_;
  JudgeThread judge_;
  std::unique_ptr<http::HttpTransport> transport_;
  Replayer replayer_;
  std::unique_ptr<ExtProcServer> copies_;
  std::unique_ptr<http::HttpServer> http_;
};

base::Result<std::unique_ptr<Agent>> Agent::Make(AgentConfig config, const AgentOptions& options, compare::ValueDigest digest,
                                                 const base::Clock& clock, base::Log& log) {
  std::unique_ptr<Impl> impl;
  base::Status started;
  // On a thread of its own: whoever calls goes on as it was, and could not come back from behind. What is told is not to be late either:
  // by it the operator knows that users were taken back.
  std::thread([&]() {
    StepBack();
    impl = std::make_unique<Impl>(std::move(config), options, std::move(digest), clock);
    started = impl->StartCopies(options, clock);
  }).join();
  if (started) started = impl->StartTelling(options);
  if (!started) return base::Fail(started.error());
  log.Info("agent started", {{"version", SOFTMIG_VERSION},
                             {"epoch", options.epoch},
                             {"copies_port", static_cast<int>(impl->copies_port())},
                             {"http_port", static_cast<int>(impl->http_port())}});
  return std::unique_ptr<Agent>(new Agent(std::move(impl)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;
std::uint16_t Agent::copies_port() const { return impl_->copies_port(); }
std::uint16_t Agent::http_port() const { return impl_->http_port(); }

}  // namespace softmig::agent
