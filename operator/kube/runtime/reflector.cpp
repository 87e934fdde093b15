#include "kube/runtime/reflector.hpp"

#include <thread>

#include "kube/runtime/reflector_driver.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxQueuedBytes = 64U << 20U;
constexpr base::Millis kIdleGrace{30'000};  // the transport ends an idle stream; this much later we do

http::StreamCallbacks Into(const std::shared_ptr<ChunkQueue>& queue) {
  http::StreamCallbacks callbacks;
  callbacks.on_status = [queue](int status, const http::Headers& headers) { queue->PutStatus(status, headers); };
  callbacks.on_chunk = [queue](std::string_view chunk) { queue->PutChunk(chunk); };
  callbacks.on_end = [queue](base::Status end) { queue->PutEnd(std::move(end)); };
  return callbacks;
}

}  // namespace

/// Drives a ReflectorDriver, which belongs to the thread.
class Reflector::Impl {
 public:
  Impl(ReflectorOptions options, const ReflectorDriver::Parts& parts)
      : idle_(options.idle), driver_(std::move(options), parts), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  [[nodiscard]] base::SteadyTime LastContact() const { return driver_.LastContact(); }

 private:
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const ReflectorStep step = driver_.Next();
      switch (step.kind) {
        case ReflectorStep::Kind::kWait: Wait(step.wait, stop); break;
        case ReflectorStep::Kind::kPage: driver_.GetPage(step.query, stop); break;
        case ReflectorStep::Kind::kStream: RunStream(step.query, stop); break;
      }
      if (!stop.stop_requested()) driver_.LogProblem();
    }
  }

  static void Wait(base::Millis duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, duration, [] { return false; });
  }

  void RunStream(const std::string& query, const std::stop_token& stop) {
    const auto queue = std::make_shared<ChunkQueue>(kMaxQueuedBytes);
    const auto stream = driver_.Open(query, Into(queue));
    while (stream) {
      auto item = queue->Take(stop, idle_ + kIdleGrace);
      if (stop.stop_requested()) return;
      if (!item) item = StreamItem{StreamItem::Kind::kEnd, 0, {}, {}, base::Fail(base::ErrorCode::kTimeout, "the watch is silent")};
      if (!driver_.Handle(std::move(*item))) return;
    }
  }

  const base::Millis idle_;
  ReflectorDriver driver_;
  std::jthread thread_;  // last: stops before anything it uses is gone
};

Reflector::Reflector(ReflectorOptions options, RestClient& client, ReflectorSink& sink, const base::Clock& clock, base::Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), ReflectorDriver::Parts{client, sink, clock, log})) {}

Reflector::~Reflector() = default;

base::SteadyTime Reflector::LastContact() const { return impl_->LastContact(); }

}  // namespace softmig::kube
