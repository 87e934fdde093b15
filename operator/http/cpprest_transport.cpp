#include "http/cpprest_transport.hpp"

#include <openssl/crypto.h>
#include <pplx/threadpool.h>

#include <cstdlib>
#include <future>
#include <limits>

#include "base/assert.hpp"
#include "http/cpprest_exchange.hpp"

namespace softmig::http {
namespace {

/// With two or more threads the SDK closes a connection while another thread starts to read from it, and crashes.
/// The first use decides; a later call does nothing.
bool UseOneThread() {
  static const bool done = []() {
    crossplat::threadpool::initialize_with_threads(1);
    return true;
  }();
  return done;
}

void CloseCore(CpprestCore& core) {
  core.closed = true;
  while (!core.live.empty()) {
    const auto exchange = core.live.begin()->second;
    exchange->Cancel();
  }
  core.slots.Clear();
}

/// Runs `work` on the SDK's thread and waits for it; at once where this is that thread.
void RunOnSdkThread(const std::thread::id& sdk_thread, const std::function<void()>& work) {
  if (std::this_thread::get_id() == sdk_thread) return work();
  std::promise<void> done;
  SdkService().post([&]() {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

class CpprestStream final : public Stream {
 public:
  CpprestStream(std::shared_ptr<CallbackGate> gate, std::weak_ptr<CpprestExchange> exchange)
      : gate_(std::move(gate)), exchange_(std::move(exchange)) {}
  ~CpprestStream() override {
    gate_->Close();
    SdkService().post([exchange = exchange_]() {
      if (const auto alive = exchange.lock()) alive->Cancel();
    });
  }

 private:
  std::shared_ptr<CallbackGate> gate_;
  std::weak_ptr<CpprestExchange> exchange_;
};

class CpprestTransport final : public HttpTransport {
 public:
  CpprestTransport() : core_(std::make_shared<CpprestCore>()) {
    SM_ASSERT(UseOneThread());
    RunOnSdkThread({}, [this]() { sdk_thread_ = std::this_thread::get_id(); });
  }

  ~CpprestTransport() override {
    RunOnSdkThread(sdk_thread_, [this]() {
      CloseCore(*core_);
      // The SDK's thread outlives OpenSSL's clean-up at exit, which frees what other threads hold. It is made anew where it is needed.
      OPENSSL_thread_stop();
    });
  }

  void Send(Request request, SendOptions options, std::function<void(base::Result<Response>)> done) override {
    auto plan = PlanSend(std::move(request), options, done);
    if (plan) {
      Launch(std::move(*plan));
      return;
    }
    SdkService().post([done = std::move(done), error = std::move(plan.error())]() { done(base::Fail(error)); });
  }

  std::unique_ptr<Stream> OpenStream(Request request, base::Millis idle, StreamCallbacks callbacks) override {
    const auto gate = std::make_shared<CallbackGate>();
    callbacks = Gated(gate, std::move(callbacks));
    auto plan = PlanExchange(std::move(request));
    if (!plan) {
      SdkService().post([end = std::move(callbacks.on_end), error = std::move(plan.error())]() { end(base::Fail(error)); });
      return std::make_unique<CpprestStream>(gate, std::weak_ptr<CpprestExchange>());
    }
    plan->limit = idle;
    plan->limit_is_idle = true;
    plan->max_body = std::numeric_limits<std::size_t>::max();
    plan->callbacks = std::move(callbacks);
    return std::make_unique<CpprestStream>(gate, Launch(std::move(*plan)));
  }

 private:
  std::weak_ptr<CpprestExchange> Launch(ExchangePlan plan) {
    auto exchange = std::make_shared<CpprestExchange>(core_, std::move(plan));
    SdkService().post([exchange]() { exchange->Start(); });
    return exchange;
  }

  std::shared_ptr<CpprestCore> core_;
  std::thread::id sdk_thread_;
};

}  // namespace

void PrepareProcessForCpprest() {
  // For each new connection the SDK reads the system's CAs, though we replace them anyway: 60 ms each time. The user's own
  // choice of a bundle must survive, for servers that the system's CAs vouch for (SystemCas).
  if (const char* chosen = std::getenv("SSL_CERT_FILE"); chosen != nullptr && std::string_view(chosen) != "/dev/null") {
    setenv("SOFTMIG_SYSTEM_CA_FILE", chosen, 1);
  }
  setenv("SSL_CERT_FILE", "/dev/null", 1);
  setenv("SSL_CERT_DIR", "/nonexistent", 1);
  SM_ASSERT(UseOneThread());
}

std::unique_ptr<HttpTransport> MakeCpprestTransport() { return std::make_unique<CpprestTransport>(); }

}  // namespace softmig::http
