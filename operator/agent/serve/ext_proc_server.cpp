#include "agent/serve/ext_proc_server.hpp"

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agent/serve/pace.hpp"
#include "agent/serve/stall_watch.hpp"
#include "agent/wire/external_processor.grpc.pb.h"
#include "agent/wire/feed.hpp"
#include "base/assert.hpp"

namespace softmig::agent {
namespace {

namespace pb = envoy::service::ext_proc::v3;

constexpr int kKeepaliveMillis = 30'000;
constexpr int kKeepaliveTimeoutMillis = 10'000;
constexpr int kStreamWindow = 64 << 10;  // bytes that a stream may send before it is read
constexpr base::Millis kRest{2};         // short beside what a copy takes anyway

}  // namespace

class ExtProcServer::Impl final {
 public:
  Impl(const ExtProcOptions& options, const Parts& parts)
      : options_(options), parts_(parts), stalls_(parts.clock), pace_(options.most_per_second) {}

  ~Impl() {
    if (server_ == nullptr) return;
    is_ending_ = true;
    server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));  // what runs is cancelled: every stream sees its last read fail
    is_down_ = true;
  }

  base::Status Start() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options_.address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    Limit(builder);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    const bool is_bound = server_ != nullptr && (port != 0 || options_.address.starts_with("unix:"));
    if (!is_bound) return base::Fail(base::ErrorCode::kUnavailable, "listen for Envoy's copies on " + options_.address);
    port_ = options_.address.starts_with("unix:") ? std::uint16_t{0} : static_cast<std::uint16_t>(port);
    thread_ = std::jthread([this] { Run(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t open_streams() const { return open_; }

 private:
  class Stream;

  void Limit(grpc::ServerBuilder& builder) const {
    grpc::ResourceQuota quota("softmigration-agent");
    quota.Resize(options_.grpc_memory);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.most_message));
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two agents would share the copies between them
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options_.most_streams));
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // it would let the windows grow
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindow);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // as many as keepalive wants
  }

  /// The thread: does what has come, then rests, so that it is woken for many messages at once and not for each.
  void Run();
  void Handle(void* tag, bool is_well);
  /// Waits for the next stream.
  void Await();
  void Begin(Stream& stream);
  void ReadHeld();

  const ExtProcOptions options_;
  const Parts parts_;
  pb::ExternalProcessor::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::atomic<bool> is_down_ = false;
  std::atomic<std::size_t> open_ = 0;  // streams that have begun
  // The thread's own:
  StallWatch stalls_;
  Pace pace_;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;  // with the one that is waited for
  std::deque<Stream*> held_;                                      // of them, those not read yet
  std::jthread thread_;
};

/// One stream, itself the tag of the one thing that it waits for.
class ExtProcServer::Impl::Stream final {
 public:
  explicit Stream(Impl& server)
      : server_(server), stream_(&context_), capture_(server.parts_.plan, server.parts_.limits, server.parts_.budget) {
    server.service_.RequestProcess(&context_, &stream_, server.queue_.get(), server.queue_.get(), this);
  }

  /// What it waited for has come, or failed. False: that was its end.
  bool Done(bool is_well) {
    switch (doing_) {
      case Doing::kBeginning:
        if (is_well) server_.Begin(*this);
        return is_well;
      case Doing::kReading: OnRead(is_well); return true;
      case Doing::kEnding: return false;
    }
    SM_ASSERT(false && "outside the enumeration");
  }

  void Refuse() {
    server_.parts_.observer.OnRefused();
    End(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams"));
  }

  void Read() {
    doing_ = Doing::kReading;
    stream_.Read(&message_, this);
  }

  [[nodiscard]] bool has_begun() const { return doing_ != Doing::kBeginning; }

 private:
  enum class Doing : std::uint8_t { kBeginning, kReading, kEnding };

  void OnRead(bool is_there) {
    const bool is_old = server_.stalls_.HasJustStalled();
    const bool wants_more = is_there && Feed(message_, capture_) == Capture::Want::kMore;
    Announce();
    if (wants_more && !is_old) return Read();
    capture_.Stop(is_old ? compare::Reason::kAgentStalled : compare::Reason::kIncomplete);  // does nothing where it is whole
    server_.parts_.observer.OnEnd(capture_.Take());
    End(grpc::Status::OK);  // Envoy goes on without us, and need not send the rest
  }

  void Announce() {
    if (is_announced_ || !capture_.eligible()) return;
    is_announced_ = true;
    server_.parts_.observer.OnEligible(*capture_.eligible());
  }

  void End(const grpc::Status& status) {
    doing_ = Doing::kEnding;
    stream_.Finish(status, this);
  }

  Impl& server_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<pb::ProcessingResponse, pb::ProcessingRequest> stream_;
  Capture capture_;
  pb::ProcessingRequest message_;
  Doing doing_ = Doing::kBeginning;
  bool is_announced_ = false;
};

void ExtProcServer::Impl::Run() {
  Await();
  std::mutex mutex;
  std::condition_variable rest;  // only ever times out
  void* tag = nullptr;
  bool is_well = false;
  while (!is_down_ || !streams_.empty()) {
    stalls_.Tick();
    ReadHeld();
    const gpr_timespec until = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(StallWatch::kTick.count(), GPR_TIMESPAN));
    if (queue_->AsyncNext(&tag, &is_well, until) != grpc::CompletionQueue::GOT_EVENT) continue;
    do Handle(tag, is_well);
    while (queue_->AsyncNext(&tag, &is_well, gpr_inf_past(GPR_CLOCK_REALTIME)) == grpc::CompletionQueue::GOT_EVENT);
    std::unique_lock lock(mutex);
    rest.wait_for(lock, kRest);
  }
  queue_->Shutdown();
  while (queue_->Next(&tag, &is_well)) Handle(tag, is_well);
}

void ExtProcServer::Impl::Handle(void* tag, bool is_well) {
  auto* stream = static_cast<Stream*>(tag);
  if (stream->Done(is_well)) return;
  if (stream->has_begun()) --open_;
  streams_.erase(stream);
}

void ExtProcServer::Impl::Await() {
  auto next = std::make_unique<Stream>(*this);
  Stream* stream = next.get();
  streams_.emplace(stream, std::move(next));
}

void ExtProcServer::Impl::Begin(Stream& stream) {
  const bool is_full = open_++ >= options_.most_streams;
  parts_.observer.OnOpen();
  if (!is_ending_) Await();
  if (is_full) return stream.Refuse();
  held_.push_back(&stream);
  ReadHeld();
}

void ExtProcServer::Impl::ReadHeld() {
  while (!held_.empty() && (is_ending_ || pace_.Admit(parts_.clock.SteadyNow()))) {
    held_.front()->Read();
    held_.pop_front();
  }
}

base::Result<std::unique_ptr<ExtProcServer>> ExtProcServer::Listen(const ExtProcOptions& options, const Parts& parts) {
  auto impl = std::make_unique<Impl>(options, parts);
  if (auto started = impl->Start(); !started) return base::Fail(started.error());
  return std::unique_ptr<ExtProcServer>(new ExtProcServer(std::move(impl)));
}

ExtProcServer::ExtProcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ExtProcServer::~ExtProcServer() = default;
std::uint16_t ExtProcServer::port() const { return impl_->port(); }
std::size_t ExtProcServer::open_streams() const { return impl_->open_streams(); }

}  // namespace softmig::agent
