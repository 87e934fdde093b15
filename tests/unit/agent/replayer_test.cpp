#include "agent/serve/replayer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "capture_fixture.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_transport.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Failure;
using compare::Reason;
using compare::Side;

http::Response Answer(std::string body) { return {200, {{"Content-Type", "text/plain"}, {"Set-Cookie", "secret"}}, std::move(body)}; }

class ReplayerTest : public ::testing::Test {
 protected:
  /// `handler` is the other system.
  void Start(fakes::FakeTransport::Handler handler) {
    transport_ = std::make_unique<fakes::FakeTransport>(std::move(handler));
    replayer_ = std::make_unique<Replayer>(*transport_, plan_, clock_, options_, [this](CapturedExchange exchange, Reply reply) {
      done_.push_back(std::move(exchange));
      replies_.push_back(std::move(reply));
    });
  }
  void TearDown() override {
    if (!replayer_) return;
    replayer_->Stop();
    transport_.reset();
  }
  CapturedExchange Captured(Side served_by = Side::kLegacy) {
    CapturedRequest request{http::Method::kHead, "pay.example.com", "/p?q=1", {{"accept", "x"}}, ""};
    return {0, served_by, std::move(request), {}, Reservation(budget_)};
  }
  std::optional<Reason> Refusal(Side served_by = Side::kLegacy, bool is_control = false) {
    CapturedExchange exchange = Captured(served_by);
    exchange.is_control = is_control;
    return replayer_->Submit(exchange);
  }
  bool Submit(Side served_by = Side::kLegacy) { return !Refusal(served_by); }
  const compare::Answer& AnswerAt(std::size_t i) { return std::get<compare::Answer>(*replies_.at(i)); }

  const WatchPlan plan_ = OneComponent();
  MemoryBudget budget_{1U << 20U};
  ReplayOptions options_{{"http://legacy:1", "http://target:2"}};
  std::unique_ptr<fakes::FakeTransport> transport_;
  std::unique_ptr<Replayer> replayer_;
  fakes::FakeClock clock_;
  std::vector<CapturedExchange> done_;
  std::vector<Reply> replies_;
};

TEST_F(ReplayerTest, AsksTheSideThatDidNotServeTheSameAgain) {
  Start([](const http::Request&) { return Answer("hello"); });
  ASSERT_TRUE(Submit(Side::kLegacy));
  ASSERT_TRUE(Submit(Side::kTarget));
  const auto requests = transport_->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url, "http://target:2/p?q=1");
  EXPECT_EQ(requests[1].url, "http://legacy:1/p?q=1");
  EXPECT_EQ(requests[0].method, http::Method::kHead);
  const http::Headers wanted{{"accept", "x"}, {"x-softmigration-shadow", "1"}, {"x-softmigration-authority", "pay.example.com"}};
  EXPECT_EQ(requests[0].headers, wanted);
  EXPECT_EQ(AnswerAt(0).body, "hello");
  EXPECT_EQ(AnswerAt(0).headers, (http::Headers{{"content-type", "text/plain"}}));
}

TEST_F(ReplayerTest, NoAnswerIsAFailureOfTheOtherSide) {
  base::ErrorCode code = base::ErrorCode::kUnavailable;
  Start([&](const http::Request&) -> base::Result<http::Response> { return base::Fail(code, "no"); });
  ASSERT_TRUE(Submit());
  code = base::ErrorCode::kTimeout;
  ASSERT_TRUE(Submit());
  EXPECT_EQ(std::get<Failure>(*replies_.at(0)), Failure::kError);
  EXPECT_EQ(std::get<Failure>(*replies_.at(1)), Failure::kTimeout);
}

TEST_F(ReplayerTest, ALongAnswerIsCut) {
  options_.most_body = 4;
  Start([](const http::Request&) { return Answer("hello"); });
  ASSERT_TRUE(Submit());
  EXPECT_EQ(AnswerAt(0).body, "hell");
  EXPECT_TRUE(AnswerAt(0).truncated);
}

TEST_F(ReplayerTest, WhatDoesNotFitIsGivenBack) {
  options_.most_in_flight = 2;
  options_.most_waiting = 1;
  Start([](const http::Request&) { return std::nullopt; });  // a dead system: nothing ever comes back
  EXPECT_TRUE(Submit());
  EXPECT_TRUE(Submit());
  EXPECT_TRUE(Submit());
  EXPECT_EQ(Refusal(), Reason::kBufferFull);
  EXPECT_EQ(transport_->requests().size(), 2U);
}

TEST_F(ReplayerTest, AControlIsAskedOfLegacyWhoeverServed) {
  Start([](const http::Request&) { return Answer("hello"); });
  EXPECT_EQ(Refusal(Side::kLegacy, true), std::nullopt);
  EXPECT_EQ(transport_->requests().at(0).url, "http://legacy:1/p?q=1");
  EXPECT_TRUE(done_.at(0).is_control);
}

TEST_F(ReplayerTest, WhatWantsAControlKeepsItsRequest) {
  Start([](const http::Request&) { return Answer("hello"); });
  ASSERT_TRUE(Submit());
  CapturedExchange exchange = Captured(Side::kTarget);
  exchange.wants_control = true;
  ASSERT_EQ(replayer_->Submit(exchange), std::nullopt);
  EXPECT_TRUE(done_.at(0).request.target.empty()) << "a secret may be in it";
  EXPECT_EQ(done_.at(1).request.target, "/p?q=1");
}

TEST_F(ReplayerTest, ControlsLeaveHalfOfTheQueueToOthers) {
  options_.most_in_flight = 1;
  options_.most_waiting = 4;
  Start([](const http::Request&) { return std::nullopt; });
  EXPECT_TRUE(Submit());
  EXPECT_EQ(Refusal(Side::kLegacy, true), std::nullopt);
  EXPECT_EQ(Refusal(Side::kLegacy, true), std::nullopt);
  EXPECT_EQ(Refusal(Side::kLegacy, true), Reason::kBufferFull);
  EXPECT_TRUE(Submit());
}

TEST_F(ReplayerTest, ASideThatKeepsFailingIsAskedNowAndThenUntilItAnswers) {
  http::Response from_target{503, {}, ""};  // as Envoy says it for a system that is away
  Start([&](const http::Request& request) -> base::Result<http::Response> {
    if (request.url.starts_with("http://legacy")) return Answer("well");
    return from_target;
  });
  for (int i = 0; i < Breaker::kFailures; ++i) ASSERT_TRUE(Submit());
  EXPECT_TRUE(replayer_->IsBreakerOpen(Side::kTarget));
  EXPECT_EQ(Refusal(), std::nullopt) << "the first probe";
  EXPECT_EQ(Refusal(), Reason::kBreakerOpen);
  EXPECT_TRUE(Submit(Side::kTarget)) << "the other side is asked as ever";
  EXPECT_FALSE(replayer_->IsBreakerOpen(Side::kLegacy));
  EXPECT_EQ(AnswerAt(Breaker::kFailures).status, 503) << "a probe's failure is told as any other";
  clock_.Advance(Breaker::kBetweenProbes);
  EXPECT_EQ(Refusal(), std::nullopt);
  EXPECT_EQ(Refusal(), Reason::kBreakerOpen);
  clock_.Advance(Breaker::kBetweenProbes);
  from_target = {500, {}, ""};  // wrong, but an answer
  EXPECT_EQ(Refusal(), std::nullopt);
  EXPECT_FALSE(replayer_->IsBreakerOpen(Side::kTarget));
  EXPECT_EQ(Refusal(), std::nullopt);
}

TEST_F(ReplayerTest, WhatWaitedForASideThatKeepsFailingIsGivenBack) {
  options_.most_in_flight = 1;
  bool is_first = true;
  Start([&](const http::Request&) -> base::Result<http::Response> {
    for (int i = 0; is_first && i < 30; ++i) EXPECT_TRUE(Submit());
    is_first = false;
    return base::Fail(base::ErrorCode::kTimeout, "late");
  });
  ASSERT_TRUE(Submit());
  ASSERT_EQ(replies_.size(), 31U);
  const auto asked = static_cast<int>(transport_->requests().size());
  EXPECT_EQ(asked, Breaker::kFailures + 1) << "and one probe";
  EXPECT_EQ(std::ranges::count_if(replies_, [](const Reply& reply) { return !reply && reply.error() == Reason::kBreakerOpen; }),
            31 - asked);
  EXPECT_EQ(Refusal(), Reason::kBreakerOpen) << "its place was given back";
}

TEST_F(ReplayerTest, AfterStopNothingIsSentAndNothingIsLost) {
  options_.most_in_flight = 1;
  Start([](const http::Request&) { return std::nullopt; });
  EXPECT_TRUE(Submit());
  EXPECT_TRUE(Submit());
  replayer_->Stop();
  EXPECT_EQ(replies_.size(), 1U);  // the one that waited
  EXPECT_EQ(Refusal(), Reason::kStopping);
  transport_.reset();  // ends what is in flight
  ASSERT_EQ(replies_.size(), 2U);
  for (const auto& reply : replies_) EXPECT_EQ(reply.error(), Reason::kStopping);
  replayer_.reset();
}

}  // namespace
}  // namespace softmig::agent::testing
