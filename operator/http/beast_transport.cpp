#include "http/beast_transport.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <limits>
#include <thread>

#include "base/assert.hpp"
#include "http/beast_exchange.hpp"
#include "http/client_common.hpp"

namespace softmig::http {
namespace {

namespace asio = boost::asio;

/// Holds the core, so that its gate and its last post have something to stand on after the transport is gone.
class BeastStream final : public Stream {
 public:
  BeastStream(std::shared_ptr<BeastCore> core, std::shared_ptr<CallbackGate> gate, std::weak_ptr<BeastExchange> exchange)
      : core_(std::move(core)), gate_(std::move(gate)), exchange_(std::move(exchange)) {}
  ~BeastStream() override {
    gate_->Close();
    asio::post(core_->io, [exchange = exchange_]() {
      if (const auto alive = exchange.lock()) alive->Cancel();
    });
  }

 private:
  std::shared_ptr<BeastCore> core_;
  std::shared_ptr<CallbackGate> gate_;
  std::weak_ptr<BeastExchange> exchange_;
};

class BeastTransport final : public HttpTransport {
 public:
  BeastTransport()
      : core_(std::make_shared<BeastCore>()), work_(core_->io.get_executor()), thread_([core = core_.get()]() { core->io.run(); }) {}

  ~BeastTransport() override {
    SM_ASSERT(std::this_thread::get_id() != thread_.get_id());
    asio::post(core_->io, [core = core_.get()]() { Close(*core); });
    work_.reset();
    thread_.join();
  }

  void Send(Request request, SendOptions options, std::function<void(base::Result<Response>)> done) override {
    auto plan = PlanSend(std::move(request), options, done);
    if (plan) {
      Launch(std::move(*plan));
      return;
    }
    asio::post(core_->io, [done = std::move(done), error = std::move(plan.error())]() { done(base::Fail(error)); });
  }

  std::unique_ptr<Stream> OpenStream(Request request, base::Millis idle, StreamCallbacks callbacks) override {
    const auto gate = std::make_shared<CallbackGate>();
    callbacks = Gated(gate, std::move(callbacks));
    auto plan = PlanExchange(std::move(request));
    if (!plan) {
      asio::post(core_->io, [end = std::move(callbacks.on_end), error = std::move(plan.error())]() { end(base::Fail(error)); });
      return std::make_unique<BeastStream>(core_, gate, std::weak_ptr<BeastExchange>());
    }
    plan->limit = idle;
    plan->limit_is_idle = true;
    plan->max_body = std::numeric_limits<std::size_t>::max();
    plan->callbacks = std::move(callbacks);
    return std::make_unique<BeastStream>(core_, gate, Launch(std::move(*plan)));
  }

 private:
  static void Close(BeastCore& core) {
    core.closed = true;
    core.pool.Close();
    while (!core.live.empty()) {
      const auto exchange = core.live.begin()->second;
      exchange->Cancel();
    }
  }

  std::weak_ptr<BeastExchange> Launch(ExchangePlan plan) {
    auto exchange = std::make_shared<BeastExchange>(*core_, std::move(plan));
    asio::post(core_->io, [exchange]() { exchange->Start(); });
    return exchange;
  }

  std::shared_ptr<BeastCore> core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<HttpTransport> MakeBeastTransport() { return std::make_unique<BeastTransport>(); }

}  // namespace softmig::http
