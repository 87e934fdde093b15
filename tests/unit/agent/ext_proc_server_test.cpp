#include "agent/serve/ext_proc_server.hpp"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>

#include "agent/serve/stall_watch.hpp"
#include "agent/wire/external_processor.grpc.pb.h"
#include "capture_fixture.hpp"
#include "fakes/fake_clock.hpp"
#include "messages.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Reason;
using namespace std::chrono_literals;

constexpr auto kLongestWait = 20s;
constexpr int kMostTries = 1'000;

/// Remembers what it was told; waits of a test are bounded.
class Remembering final : public StreamObserver {
 public:
  void OnOpen() override { Note(opened); }
  void OnRefused() override { Note(refused); }
  void OnEligible(std::size_t) override { Note(eligible); }
  void OnEnd(CaptureEnd end) override {
    const std::lock_guard lock(mutex_);
    if (const auto* skip = std::get_if<Skip>(&end)) skips.push_back(*skip);
    if (const auto* dropped = std::get_if<DroppedExchange>(&end)) drops.push_back(dropped->reason);
    if (auto* exchange = std::get_if<CapturedExchange>(&end)) bodies.push_back(exchange->answer.body);
    changed_.notify_all();
  }
  /// Whether `condition` holds within the longest wait.
  template <typename Condition>
  bool WaitFor(const Condition& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongestWait, condition);
  }
  /// Whether it holds now, while streams still go on.
  template <typename Condition>
  bool Holds(const Condition& condition) {
    const std::lock_guard lock(mutex_);
    return condition();
  }
  [[nodiscard]] std::size_t ends() const { return skips.size() + drops.size() + bodies.size(); }

  int opened = 0, refused = 0, eligible = 0;
  std::vector<Skip> skips;
  std::vector<Reason> drops;
  std::vector<std::string> bodies;

 private:
  void Note(int& count) {
    const std::lock_guard lock(mutex_);
    ++count;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// A connection of its own, so that gRPC does not let a stream wait for another one's end.
std::shared_ptr<grpc::Channel> ConnectTo(std::uint16_t port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
}

/// Envoy's end of one stream.
class Envoy {
 public:
  explicit Envoy(std::uint16_t port) : stub_(pb::ExternalProcessor::NewStub(ConnectTo(port))) {
    context_.set_deadline(std::chrono::system_clock::now() + kLongestWait);
    stream_ = stub_->Process(&context_);
  }
  bool Send(const pb::ProcessingRequest& message) { return stream_->Write(message); }
  void Reset() { context_.TryCancel(); }
  void EndSending() { stream_->WritesDone(); }
  /// Waits for the server's end of the stream; whether it said anything before.
  bool SaysNothing() {
    pb::ProcessingResponse answer;
    return !stream_->Read(&answer);
  }
  grpc::StatusCode Code() { return stream_->Finish().error_code(); }

 private:
  std::unique_ptr<pb::ExternalProcessor::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<pb::ProcessingRequest, pb::ProcessingResponse>> stream_;
};

class ExtProcServerTest : public ::testing::Test {
 protected:
  void Start(ExtProcOptions options = {}) {
    auto server = ExtProcServer::Listen(options, {plan_, limits_, budget_, observer_, clock_});
    ASSERT_TRUE(server) << server.error().ToString();
    server_ = std::move(*server);
  }

  const WatchPlan plan_ = OneComponent();
  const CaptureLimits limits_;
  MemoryBudget budget_{1U << 20U};
  Remembering observer_;
  fakes::FakeClock clock_;
  std::unique_ptr<ExtProcServer> server_;
};

TEST_F(ExtProcServerTest, HandsAWholeExchangeOnAndClosesTheStreamWithoutAWord) {
  Start();
  Envoy envoy(server_->port());
  EXPECT_TRUE(envoy.Send(RequestHeaders(Get())));
  EXPECT_TRUE(envoy.Send(ResponseHeaders(Ok())));
  EXPECT_TRUE(envoy.Send(ResponseBody("hello", true)));
  EXPECT_TRUE(envoy.SaysNothing());
  EXPECT_EQ(envoy.Code(), grpc::StatusCode::OK);
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.ends() == 1; }));
  EXPECT_EQ(observer_.bodies, std::vector<std::string>{"hello"});
  EXPECT_EQ(observer_.eligible, 1);
}

TEST_F(ExtProcServerTest, AStreamOfNoUseIsClosedAfterItsFirstMessage) {
  Start();
  Envoy envoy(server_->port());
  EXPECT_TRUE(envoy.Send(RequestHeaders({{":method", "POST"}, {":path", "/"}}, false)));
  EXPECT_TRUE(envoy.SaysNothing());
  EXPECT_EQ(envoy.Code(), grpc::StatusCode::OK);
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.ends() == 1; }));
  EXPECT_EQ(observer_.skips, std::vector<Skip>{Skip::kMethod});
  EXPECT_EQ(observer_.eligible, 0);
}

TEST_F(ExtProcServerTest, AStreamThatIsResetOrEndsHalfwayIsCountedAsIncomplete) {
  Start();
  Envoy reset(server_->port());
  EXPECT_TRUE(reset.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 1; }));
  reset.Reset();
  Envoy ended(server_->port());
  EXPECT_TRUE(ended.Send(RequestHeaders(Get())));
  ended.EndSending();
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.ends() == 2; }));
  EXPECT_EQ(observer_.drops, (std::vector<Reason>{Reason::kIncomplete, Reason::kIncomplete}));
}

TEST_F(ExtProcServerTest, WhatQueuedUpInAStallIsGivenUpAtItsNextMessageUnlessItIsWhole) {
  Start();
  Envoy half(server_->port());
  EXPECT_TRUE(half.Send(RequestHeaders(Get())));
  Envoy whole(server_->port());
  EXPECT_TRUE(whole.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 2; }));
  clock_.Advance(StallWatch::kLongest + 1ms);
  Envoy queued(server_->port());
  EXPECT_TRUE(queued.Send(RequestHeaders(Get())));
  EXPECT_TRUE(queued.SaysNothing());
  EXPECT_EQ(queued.Code(), grpc::StatusCode::OK);
  EXPECT_TRUE(half.Send(ResponseHeaders(Ok())));
  EXPECT_TRUE(whole.Send(ResponseHeaders(Ok(), true)));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.ends() == 3; }));
  EXPECT_EQ(observer_.eligible, 3);
  EXPECT_EQ(observer_.drops, (std::vector<Reason>{Reason::kAgentStalled, Reason::kAgentStalled}));
  EXPECT_EQ(observer_.bodies.size(), 1U);
  const auto is_captured = [&] { return observer_.bodies.size() == 2; };
  // Until the server has ticked again, which takes no time on our clock.
  for (int i = 0; i < kMostTries && !observer_.Holds(is_captured); ++i) {
    std::promise<void>().get_future().wait_for(StallWatch::kTick);
    clock_.Advance(1ms);
    Envoy next(server_->port());
    EXPECT_TRUE(next.Send(RequestHeaders(Get())));
    next.Send(ResponseHeaders(Ok(), true));
    EXPECT_TRUE(next.SaysNothing());
    EXPECT_EQ(next.Code(), grpc::StatusCode::OK);
  }
  EXPECT_TRUE(observer_.WaitFor(is_captured)) << "what comes after it is captured again";
}

TEST_F(ExtProcServerTest, MoreThanMayBeReadInASecondWaitForTheirTurn) {
  ExtProcOptions options;
  options.most_per_second = 1;
  Start(options);
  Envoy first(server_->port());
  EXPECT_TRUE(first.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 1; }));
  Envoy second(server_->port());
  EXPECT_TRUE(second.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.opened == 2; }));
  EXPECT_EQ(observer_.eligible, 1);
  clock_.Advance(1s);
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 2; }));
  Envoy held(server_->port());
  EXPECT_TRUE(held.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.opened == 3; }));
  server_.reset();
  EXPECT_EQ(observer_.ends(), 3U) << "one that is held ends with the server, too";
}

TEST_F(ExtProcServerTest, TooManyStreamsAreRefusedUnread) {
  ExtProcOptions options;
  options.most_streams = 1;
  Start(options);
  Envoy first(server_->port());
  EXPECT_TRUE(first.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 1; }));
  Envoy second(server_->port());
  EXPECT_TRUE(second.SaysNothing());
  EXPECT_EQ(second.Code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.refused == 1; }));
  EXPECT_TRUE(observer_.Holds([&] { return observer_.ends() == 0; }));
}

TEST_F(ExtProcServerTest, AMessageBeyondTheLimitEndsItsStream) {
  ExtProcOptions options;
  options.most_message = 10'000;
  Start(options);
  Envoy envoy(server_->port());
  EXPECT_TRUE(envoy.Send(RequestHeaders(Get())));
  EXPECT_TRUE(envoy.Send(ResponseHeaders(Ok())));
  envoy.Send(ResponseBody(std::string(20'000, 'x'), true));
  EXPECT_TRUE(envoy.SaysNothing());
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.ends() == 1; }));
  EXPECT_EQ(observer_.drops, std::vector<Reason>{Reason::kIncomplete});
}

TEST_F(ExtProcServerTest, ItsEndIsTheEndOfEveryStream) {
  Start();
  Envoy envoy(server_->port());
  EXPECT_TRUE(envoy.Send(RequestHeaders(Get())));
  EXPECT_TRUE(observer_.WaitFor([&] { return observer_.eligible == 1; }));
  server_.reset();
  EXPECT_EQ(observer_.drops, std::vector<Reason>{Reason::kIncomplete});
  EXPECT_EQ(observer_.opened, 1);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(ExtProcServerTest, AnAddressThatIsTakenIsAnError) {
  Start();
  ExtProcOptions options;
  options.address = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = ExtProcServer::Listen(options, {plan_, limits_, budget_, observer_, clock_});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace softmig::agent::testing
