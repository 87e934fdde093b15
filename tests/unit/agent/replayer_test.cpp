#include "agent/serve/replayer.hpp"

#include <gtest/gtest.h>

#include "capture_fixture.hpp"
#include "fakes/fake_transport.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Failure;
using compare::Side;

http::Response Answer(std::string body) { return {200, {{"Content-Type", "text/plain"}, {"Set-Cookie", "secret"}}, std::move(body)}; }

class ReplayerTest : public ::testing::Test {
 protected:
  /// `handler` is the other system.
  void Start(fakes::FakeTransport::Handler handler) {
    transport_ = std::make_unique<fakes::FakeTransport>(std::move(handler));
    replayer_ = std::make_unique<Replayer>(
        *transport_, plan_, options_, [this](CapturedExchange, std::optional<Replied> replied) { replies_.push_back(std::move(replied)); });
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
  bool Submit(Side served_by = Side::kLegacy) {
    CapturedExchange exchange = Captured(served_by);
    return replayer_->Submit(exchange);
  }
  const compare::Answer& AnswerAt(std::size_t i) { return std::get<compare::Answer>(*replies_.at(i)); }

  const WatchPlan plan_ = OneComponent();
  MemoryBudget budget_{1U << 20U};
  ReplayOptions options_{{"http://legacy:1", "http://target:2"}};
  std::unique_ptr<fakes::FakeTransport> transport_;
  std::unique_ptr<Replayer> replayer_;
  std::vector<std::optional<Replied>> replies_;
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
  EXPECT_FALSE(Submit());
  EXPECT_EQ(transport_->requests().size(), 2U);
}

TEST_F(ReplayerTest, AfterStopNothingIsSentAndNothingIsLost) {
  options_.most_in_flight = 1;
  Start([](const http::Request&) { return std::nullopt; });
  EXPECT_TRUE(Submit());
  EXPECT_TRUE(Submit());
  replayer_->Stop();
  EXPECT_EQ(replies_.size(), 1U);  // the one that waited
  EXPECT_FALSE(Submit());
  transport_.reset();  // ends what is in flight
  ASSERT_EQ(replies_.size(), 2U);
  for (const auto& reply : replies_) EXPECT_FALSE(reply);
  replayer_.reset();
}

}  // namespace
}  // namespace softmig::agent::testing
