#include "agent/serve/ext_proc_server.hpp"

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

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
#include "base/mutex.hpp"

namespace softmig::agent {
namespace {

namespace pb = envoy::service::ext_proc::v3;

constexpr int kKeepaliveMillis = 30'000;
constexpr int kKeepaliveTimeoutMillis = 10'000;
constexpr int kStreamWindow = 64 << 10;  // bytes that a stream may send before it is read
constexpr std::chrono::seconds kLongestEnd{30};

}  // namespace

class ExtProcServer::Impl final : public pb::ExternalProcessor::CallbackService {
 public:
  Impl(const ExtProcOptions& options, const Parts& parts)
      : options_(options), parts_(parts), stalls_(parts.clock), pace_(options.most_per_second) {}

  ~Impl() override {
    if (server_ == nullptr) return;
    ticker_ = {};
    ReadAllHeld();
    server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));  // what runs is cancelled: every stream sees its last read fail
    std::unique_lock lock(mutex_);
    const bool ended = all_gone_.wait_for(lock, kLongestEnd, [&]() SM_REQUIRES(mutex_) { return streams_.empty(); });
    SM_ASSERT(ended);
  }

  base::Status Start() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options_.address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    Limit(builder);
    server_ = builder.BuildAndStart();
    const bool is_bound = server_ != nullptr && (port != 0 || options_.address.starts_with("unix:"));
    if (!is_bound) return base::Fail(base::ErrorCode::kUnavailable, "listen for Envoy's copies on " + options_.address);
    port_ = options_.address.starts_with("unix:") ? std::uint16_t{0} : static_cast<std::uint16_t>(port);
    ticker_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] std::size_t open_streams() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
  }

  grpc::ServerBidiReactor<pb::ProcessingRequest, pb::ProcessingResponse>* Process(grpc::CallbackServerContext*) override;

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

  void Forget(Stream* stream);
  /// The ticker: notices stalls, and has those read whose turn it is.
  void Run(const std::stop_token& stop);
  /// Whose turn it is; null: nobody's yet.
  Stream* NextHeld();
  /// They end as any other; none is held from now on.
  void ReadAllHeld();

  const ExtProcOptions options_;
  const Parts parts_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
  StallWatch stalls_;
  mutable std::mutex mutex_;
  std::condition_variable all_gone_;
  std::condition_variable_any next_tick_;  // only ever times out
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_ SM_GUARDED_BY(mutex_);
  Pace pace_ SM_GUARDED_BY(mutex_);
  std::deque<Stream*> held_ SM_GUARDED_BY(mutex_);  // not read yet: they cannot end
  bool is_ending_ SM_GUARDED_BY(mutex_) = false;
  std::jthread ticker_;
};

/// One stream. gRPC calls it from one thread after the other; it lives until OnDone, which is gRPC's last call.
class ExtProcServer::Impl::Stream final : public grpc::ServerBidiReactor<pb::ProcessingRequest, pb::ProcessingResponse> {
 public:
  explicit Stream(Impl& server) : server_(server), capture_(server.parts_.plan, server.parts_.limits, server.parts_.budget) {}

  void Refuse() {
    server_.parts_.observer.OnRefused();
    Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams"));
  }

  void ReadOn() { StartRead(&message_); }

  void OnReadDone(bool is_there) override {
    const bool wants_more = is_there && Feed(message_, capture_) == Capture::Want::kMore;
    Announce();
    const bool is_old = server_.stalls_.HasJustStalled();
    if (wants_more && !is_old) return ReadOn();
    capture_.Stop(is_old ? compare::Reason::kAgentStalled : compare::Reason::kIncomplete);  // does nothing where it is whole
    server_.parts_.observer.OnEnd(capture_.Take());
    Finish(grpc::Status::OK);  // Envoy goes on without us, and need not send the rest
  }

  void OnDone() override { server_.Forget(this); }

 private:
  void Announce() {
    if (is_announced_ || !capture_.eligible()) return;
    is_announced_ = true;
    server_.parts_.observer.OnEligible(*capture_.eligible());
  }

  Impl& server_;
  Capture capture_;
  pb::ProcessingRequest message_;
  bool is_announced_ = false;
};

grpc::ServerBidiReactor<pb::ProcessingRequest, pb::ProcessingResponse>* ExtProcServer::Impl::Process(grpc::CallbackServerContext*) {
  auto owned = std::make_unique<Stream>(*this);
  Stream* stream = owned.get();
  bool is_full = false;
  bool is_held = false;
  {
    const std::lock_guard lock(mutex_);
    is_full = streams_.size() >= options_.most_streams;
    streams_.emplace(stream, std::move(owned));
    is_held = !is_full && !is_ending_ && (!held_.empty() || !pace_.Admit(parts_.clock.SteadyNow()));
    if (is_held) held_.push_back(stream);
  }
  parts_.observer.OnOpen();
  if (is_full) {
    stream->Refuse();
  } else if (!is_held) {
    stream->ReadOn();
  }
  return stream;
}

void ExtProcServer::Impl::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    stalls_.Tick();
    while (Stream* next = NextHeld()) next->ReadOn();
    std::unique_lock lock(mutex_);
    next_tick_.wait_for(lock, stop, StallWatch::kTick, [] { return false; });
  }
}

ExtProcServer::Impl::Stream* ExtProcServer::Impl::NextHeld() {
  const std::lock_guard lock(mutex_);
  if (held_.empty() || !pace_.Admit(parts_.clock.SteadyNow())) return nullptr;
  Stream* next = held_.front();
  held_.pop_front();
  return next;
}

void ExtProcServer::Impl::ReadAllHeld() {
  std::deque<Stream*> held;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    held.swap(held_);
  }
  for (Stream* stream : held) stream->ReadOn();
}

/// Under the lock to its very end: once it is given back, the whole server may go, and what the stream refers to.
void ExtProcServer::Impl::Forget(Stream* stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
  if (streams_.empty()) all_gone_.notify_all();
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
