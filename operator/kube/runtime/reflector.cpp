#include "kube/runtime/reflector.hpp"

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "kube/client/status_error.hpp"
#include "kube/runtime/chunk_queue.hpp"
#include "kube/runtime/reflector_machine.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxQueuedBytes = 64U << 20U;
constexpr std::size_t kMaxErrorBody = 1U << 20U;
constexpr base::Millis kPageDeadline{30'000};
constexpr base::Millis kIdleGrace{30'000};  // the transport ends an idle stream; this much later we do
constexpr base::Millis kForbiddenLogEvery{60'000};

std::uint32_t SeedFrom(const base::Clock& clock, const ReflectorOptions& options) {
  const auto name = std::hash<std::string>()(options.type.plural + "/" + options.ns + "/" + options.field_selector);
  return static_cast<std::uint32_t>(clock.WallNow().time_since_epoch().count()) ^ static_cast<std::uint32_t>(name);
}

http::StreamCallbacks Into(const std::shared_ptr<ChunkQueue>& queue) {
  http::StreamCallbacks callbacks;
  callbacks.on_status = [queue](int status, const http::Headers& headers) { queue->PutStatus(status, headers); };
  callbacks.on_chunk = [queue](std::string_view chunk) { queue->PutChunk(chunk); };
  callbacks.on_end = [queue](base::Status end) { queue->PutEnd(std::move(end)); };
  return callbacks;
}

}  // namespace

/// Runs the machine's steps. Everything but `contact_` belongs to its thread.
class Reflector::Impl {
 public:
  Impl(ReflectorOptions options, RestClient& client, ReflectorSink& sink, const base::Clock& clock, base::Log& log)
      : options_(std::move(options)),
        client_(client),
        sink_(sink),
        clock_(clock),
        log_(log),
        path_(ResourcePath(options_.type, options_.ns, "", "")),
        machine_(options_, SeedFrom(clock, options_)),
        contact_(clock.SteadyNow().time_since_epoch().count()),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  [[nodiscard]] base::SteadyTime LastContact() const { return base::SteadyTime(base::SteadyTime::duration(contact_.load())); }

 private:
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const ReflectorStep step = machine_.Next();
      switch (step.kind) {
        case ReflectorStep::Kind::kWait: Wait(step.wait, stop); break;
        case ReflectorStep::Kind::kPage: GetPage(step.query, stop); break;
        case ReflectorStep::Kind::kStream: RunStream(step.query, stop); break;
      }
      if (!stop.stop_requested()) LogProblem();
    }
  }

  void Wait(base::Millis duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, duration, [] { return false; });
  }

  void GetPage(const std::string& query, const std::stop_token& stop) {
    CallOptions call;
    call.deadline = kPageDeadline;
    call.stop = stop;
    auto page = client_.GetPath(path_ + "?" + query, call);
    if (stop.stop_requested()) return;
    if (page) Touch();
    machine_.OnPage(std::move(page), sink_);
  }

  void RunStream(const std::string& query, const std::stop_token& stop) {
    auto request = client_.Authorise(http::Method::kGet, path_ + "?" + query);
    if (!request) return machine_.OnStreamEnd(base::Fail(request.error()), base::Millis(0), sink_);
    const auto queue = std::make_shared<ChunkQueue>(kMaxQueuedBytes);
    const auto stream = client_.transport().OpenStream(std::move(*request), options_.idle, Into(queue));
    decoder_ = WatchDecoder();
    answer_ = http::Response();
    opened_ = clock_.SteadyNow();
    while (true) {
      auto item = queue->Take(stop, options_.idle + kIdleGrace);
      if (stop.stop_requested()) return;
      if (!item) item = StreamItem{StreamItem::Kind::kEnd, 0, {}, {}, base::Fail(base::ErrorCode::kTimeout, "the watch is silent")};
      if (!Handle(*item)) return;
    }
  }

  /// False once the stream is of no more use.
  bool Handle(StreamItem& item) {
    switch (item.kind) {
      case StreamItem::Kind::kStatus:
        answer_.status = item.status;
        answer_.headers = std::move(item.headers);
        if (Accepted()) machine_.OnStreamOpen(sink_);
        Touch();
        return true;
      case StreamItem::Kind::kChunk: return HandleChunk(item.bytes);
      case StreamItem::Kind::kOverflow: machine_.OnOverflow(sink_); return false;
      case StreamItem::Kind::kEnd: HandleEnd(std::move(item.end)); return false;
    }
    return false;
  }

  bool HandleChunk(const std::string& bytes) {
    Touch();
    if (!Accepted()) {
      answer_.body.append(bytes, 0, kMaxErrorBody - std::min(kMaxErrorBody, answer_.body.size()));
      return true;
    }
    bool useful = true;
    const auto decoded = decoder_.Feed(
        bytes, [&](WatchEventType type, const nlohmann::json& object) { useful = useful && machine_.OnEvent(type, object, sink_); });
    if (!decoded && useful) machine_.OnStreamEnd(base::Fail(decoded.error()), OpenFor(), sink_);
    return decoded && useful;
  }

  void HandleEnd(base::Status end) {
    if (answer_.status == 401) client_.config().token->Drop();
    if (answer_.status != 0 && !Accepted()) end = base::Fail(ErrorFromResponse(answer_));
    if (answer_.status == 0 && end) end = base::Fail(base::ErrorCode::kUnavailable, "the watch ended without an answer");
    machine_.OnStreamEnd(end, OpenFor(), sink_);
  }

  void LogProblem() {
    const auto problem = machine_.TakeProblem();
    if (!problem) return;
    const base::SteadyTime now = clock_.SteadyNow();
    if (problem->code == base::ErrorCode::kForbidden) {
      if (forbidden_logged_ && now - *forbidden_logged_ < kForbiddenLogEvery) return;
      forbidden_logged_ = now;
      log_.Error("missing right to watch", {{"verbs", "list,watch"},
                                            {"resource", options_.type.plural},
                                            {"group", options_.type.group},
                                            {"namespace", options_.ns.empty() ? "(all)" : options_.ns}});
      return;
    }
    if (machine_.absent()) {
      if (!std::exchange(absent_logged_, true)) log_.Warn("the kind is not served; waiting for it", {{"path", path_}});
      return;
    }
    absent_logged_ = false;
    // A 404 of a watch says little: the list that follows tells whether the kind is absent.
    const bool telling = machine_.failures() == 1 && problem->code != base::ErrorCode::kNotFound;
    const base::LogLevel level = telling ? base::LogLevel::kWarn : base::LogLevel::kDebug;
    log_.Write(level, "watch failed, trying again", {{"path", path_}, {"error", problem->ToString()}});
  }

  [[nodiscard]] bool Accepted() const { return answer_.status >= 200 && answer_.status < 300; }
  [[nodiscard]] base::Millis OpenFor() const { return std::chrono::duration_cast<base::Millis>(clock_.SteadyNow() - opened_); }
  void Touch() { contact_.store(clock_.SteadyNow().time_since_epoch().count()); }

  const ReflectorOptions options_;
  RestClient& client_;
  ReflectorSink& sink_;
  const base::Clock& clock_;
  base::Log& log_;
  const std::string path_;
  ReflectorMachine machine_;
  WatchDecoder decoder_;
  http::Response answer_;  // status and, for a refusal, the body of the open stream
  base::SteadyTime opened_;
  std::optional<base::SteadyTime> forbidden_logged_;
  bool absent_logged_ = false;
  std::atomic<base::SteadyTime::rep> contact_;
  std::jthread thread_;  // last: stops before anything it uses is gone
};

Reflector::Reflector(ReflectorOptions options, RestClient& client, ReflectorSink& sink, const base::Clock& clock, base::Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), client, sink, clock, log)) {}

Reflector::~Reflector() = default;

base::SteadyTime Reflector::LastContact() const { return impl_->LastContact(); }

}  // namespace softmig::kube
