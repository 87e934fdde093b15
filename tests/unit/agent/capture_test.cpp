#include "agent/capture/capture.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "capture_fixture.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Reason;
using compare::Side;

class CaptureTest : public ::testing::Test {
 protected:
  /// The reason of a copy that was given up; kNone where it was not.
  static Reason DropOf(const CaptureEnd& end) {
    const auto* dropped = std::get_if<DroppedExchange>(&end);
    return dropped == nullptr ? Reason::kNone : dropped->reason;
  }
  static std::optional<Skip> SkipOf(const CaptureEnd& end) {
    const auto* skip = std::get_if<Skip>(&end);
    return skip == nullptr ? std::nullopt : std::optional(*skip);
  }
  std::optional<Skip> SkipOfRequest(const Pairs& headers) {
    Told told(plan_, budget_);
    EXPECT_EQ(told.Request(headers), Want::kNothing);
    EXPECT_FALSE(told.capture().eligible());
    return SkipOf(told.End());
  }

  WatchPlan plan_ = OneComponent();
  MemoryBudget budget_{std::size_t{4} << 20U};
};

TEST_F(CaptureTest, PutsAnExchangeTogether) {
  Told told(plan_, budget_);
  EXPECT_EQ(told.Request(Get("/payments/7?full=1")), Want::kMore);
  EXPECT_EQ(told.capture().eligible(), 0U);
  EXPECT_EQ(told.Response(Ok()), Want::kMore);
  EXPECT_EQ(told.capture().ResponseBody("{\"a\":", false), Want::kMore);
  EXPECT_EQ(told.capture().ResponseBody("1}", true), Want::kNothing);
  const CaptureEnd end = told.End();
  const auto& exchange = std::get<CapturedExchange>(end);
  EXPECT_EQ(exchange.served_by, Side::kLegacy);
  EXPECT_EQ(exchange.request.method, http::Method::kGet);
  EXPECT_EQ(exchange.request.target, "/payments/7?full=1");
  EXPECT_EQ(exchange.request.authority, "pay.example.com");
  EXPECT_EQ(exchange.request.headers, (http::Headers{{"accept", "application/json"}}));
  EXPECT_EQ(exchange.answer.status, 200);
  EXPECT_EQ(exchange.answer.body, "{\"a\":1}");
  EXPECT_FALSE(exchange.answer.truncated);
}

TEST_F(CaptureTest, KeepsOnlyAnswerHeadersThatAreCompared) {
  Told told(plan_, budget_);
  told.Request(Get());
  told.Response(Ok(), true);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.headers, (http::Headers{{"content-type", "application/json"}}));
}

TEST_F(CaptureTest, AnAnswerMayEndWithTrailers) {
  Told told(plan_, budget_);
  told.Request(Get());
  told.Response(Ok());
  EXPECT_EQ(told.capture().ResponseBody("x", false), Want::kMore);
  EXPECT_EQ(told.Trailers({{"content-type", "x"}, {"other", "y"}}), Want::kNothing);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.trailers, (http::Headers{{"content-type", "x"}}));
}

TEST_F(CaptureTest, AnAnswerMayComeBeforeItsRequestEnded) {
  Told told(plan_, budget_);
  told.Request(Get(), false);
  told.Response(Ok());
  EXPECT_EQ(told.capture().ResponseBody("done", true), Want::kMore);
  EXPECT_EQ(told.capture().RequestBody("late", true), Want::kNothing);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).request.body, "late");
}

TEST_F(CaptureTest, ARequestMayEndWithTrailers) {
  Told told(plan_, budget_);
  told.Request(Get(), false);
  EXPECT_EQ(told.capture().RequestTrailers(), Want::kMore);
  EXPECT_EQ(told.Response(Ok(), true), Want::kNothing);
  EXPECT_TRUE(std::holds_alternative<CapturedExchange>(told.End()));
}

TEST_F(CaptureTest, InterimAnswersArePassedOver) {
  Told told(plan_, budget_);
  told.Request(Get());
  EXPECT_EQ(told.Response({{":status", "103"}}), Want::kMore);
  EXPECT_EQ(told.Response(Ok(), true), Want::kNothing);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.status, 200);
}

TEST_F(CaptureTest, OnlySafeRequestsAreCompared) {
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "CONNECT", "get"}) {
    EXPECT_EQ(SkipOfRequest({{":method", method}, {":path", "/"}}), Skip::kMethod) << method;
  }
  for (const std::string method : {"GET", "HEAD", "OPTIONS"}) {
    Told told(plan_, budget_);
    EXPECT_EQ(told.Request({{":method", method}, {":path", "/"}}), Want::kMore) << method;
  }
}

TEST_F(CaptureTest, WhatIsNoRequestIsSkipped) {
  EXPECT_EQ(SkipOfRequest({}), Skip::kNoRequest);
  EXPECT_EQ(SkipOfRequest({{":method", "OPTIONS"}, {":path", "*"}}), Skip::kNoRequest);
  EXPECT_EQ(SkipOfRequest({{":method", "GET"}, {":path", "/a b"}}), Skip::kNoRequest);
  EXPECT_EQ(SkipOfRequest({{":method", "GET"}, {":path", "/"}, {"upgrade", "websocket"}}), Skip::kUpgrade);
}

TEST_F(CaptureTest, ACopyIsNotCopiedAgain) {
  EXPECT_EQ(SkipOfRequest({{":method", "GET"}, {":path", "/"}, {std::string(kShadowHeader), "1"}}), Skip::kShadow);
}

TEST_F(CaptureTest, HopByHopAndEnvoysOwnHeadersAreNotRepeated) {
  Told told(plan_, budget_);
  Pairs headers = Get();
  for (const std::string name : {"connection", "te", "content-length", "x-envoy-attempt-count", "x-softmigration-authority", "host"}) {
    headers.emplace_back(name, "1");
  }
  headers.emplace_back("cookie", "c=1");
  told.Request(headers);
  told.Response(Ok(), true);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).request.headers, (http::Headers{{"accept", "application/json"}, {"cookie", "c=1"}}));
}

TEST_F(CaptureTest, RoutesAndClustersSayWhereARequestBelongs) {
  plan_ = {{MakeComponent("refunds", {"refunds"}), MakeComponent("rest")}, {"old"}, {"new"}};
  const auto end_of = [&](const Origin& origin) {
    Told told(plan_, budget_);
    told.Request(Get(), true, origin);
    told.Response(Ok(), true);
    return told.End();
  };
  const CaptureEnd refund = end_of({"refunds", "new"});
  EXPECT_EQ(std::get<CapturedExchange>(refund).component, 0U);
  EXPECT_EQ(std::get<CapturedExchange>(refund).served_by, Side::kTarget);
  const CaptureEnd rest = end_of({"other", "old"});
  EXPECT_EQ(std::get<CapturedExchange>(rest).component, 1U);
  EXPECT_EQ(std::get<CapturedExchange>(rest).served_by, Side::kLegacy);
  EXPECT_EQ(SkipOf(end_of({"other", "third"})), Skip::kCluster);
  plan_.components.pop_back();
  EXPECT_EQ(SkipOf(end_of({"other", "old"})), Skip::kRoute);
}

TEST_F(CaptureTest, WhatLegacyAnsweredForTheTargetIsNoAnswerOfTheTargets) {
  const auto fell_back = [&](const std::string& cluster, const std::string& side) {
    Told told(plan_, budget_);
    told.Request(Get(), true, {"", cluster});
    Pairs answer = Ok();
    answer.emplace_back("x-softmigration-side", side);
    const bool is_over = told.Response(answer) == Want::kNothing;
    const CaptureEnd end = told.End();
    EXPECT_EQ(is_over, std::holds_alternative<FellBack>(end));
    EXPECT_EQ(budget_.used(), 0U);
    return is_over;
  };
  EXPECT_TRUE(fell_back("target", "legacy"));
  EXPECT_FALSE(fell_back("target", "target"));
  EXPECT_FALSE(fell_back("target", "-")) << "Envoy answered by itself";
  EXPECT_FALSE(fell_back("legacy", "legacy"));
}

TEST_F(CaptureTest, AStreamThatBreaksOffIsIncomplete) {
  Told told(plan_, budget_);
  told.Request(Get());
  told.Response(Ok());
  told.capture().ResponseBody("half", false);
  EXPECT_EQ(DropOf(told.End()), Reason::kIncomplete);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(CaptureTest, MessagesThatCannotBeDropTheCopy) {
  const std::vector<std::function<Want(Told&)>> wrong{
      [](Told& told) { return told.Request(Get()); },
      [](Told& told) { return told.capture().RequestBody("x", false); },
      [](Told& told) { return told.capture().RequestTrailers(); },
      [](Told& told) { return told.capture().ResponseBody("x", true); },
      [](Told& told) { return told.Trailers({}); },
      [](Told& told) { return told.Response({{":status", "abc"}}); },
      [](Told& told) { return told.Response({}); },
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    Told told(plan_, budget_);
    told.Request(Get());
    EXPECT_EQ(wrong[i](told), Want::kNothing) << i;
    EXPECT_EQ(DropOf(told.End()), Reason::kIncomplete) << i;
  }
}

TEST_F(CaptureTest, WithoutARequestThereIsNothingToDrop) {
  Told told(plan_, budget_);
  EXPECT_EQ(told.Response(Ok()), Want::kNothing);
  EXPECT_EQ(SkipOf(told.End()), Skip::kNoRequest);
  Told silent(plan_, budget_);
  EXPECT_EQ(SkipOf(silent.End()), Skip::kNoRequest);
}

TEST_F(CaptureTest, ALongAnswerIsCutAndTheRestNotWanted) {
  CaptureLimits limits;
  limits.response_body = 10;
  Told told(plan_, budget_, limits);
  told.Request(Get());
  told.Response(Ok());
  EXPECT_EQ(told.capture().ResponseBody("12345678", false), Want::kMore);
  EXPECT_EQ(told.capture().ResponseBody("90abc", false), Want::kNothing);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.body, "1234567890");
  EXPECT_TRUE(std::get<CapturedExchange>(end).answer.truncated);
}

TEST_F(CaptureTest, TheRestOfALongAnswerIsPassedOverUntilTheRequestEnds) {
  CaptureLimits limits;
  limits.response_body = 4;
  Told told(plan_, budget_, limits);
  told.Request(Get(), false);
  told.Response(Ok());
  EXPECT_EQ(told.capture().ResponseBody("12345", false), Want::kMore);
  EXPECT_EQ(told.capture().ResponseBody("6", false), Want::kMore);
  EXPECT_EQ(told.Trailers({}), Want::kMore);
  EXPECT_EQ(told.capture().RequestBody("", true), Want::kNothing);
  EXPECT_TRUE(std::holds_alternative<CapturedExchange>(told.End()));
}

TEST_F(CaptureTest, ARequestThatIsTooLargeToBeRepeatedIsOverBudget) {
  CaptureLimits limits;
  limits.request_body = 4;
  Told body(plan_, budget_, limits);
  body.Request(Get(), false);
  EXPECT_EQ(body.capture().RequestBody("12345", false), Want::kNothing);
  EXPECT_EQ(DropOf(body.End()), Reason::kOverBudget);

  Told target(plan_, budget_);
  EXPECT_EQ(target.Request(Get("/" + std::string(8'000, 'x'))), Want::kNothing);
  EXPECT_EQ(DropOf(target.End()), Reason::kOverBudget);

  Pairs many = Get();
  for (int i = 0; i < 10'000; ++i) many.emplace_back("x-" + std::to_string(i), "v");
  Told headers(plan_, budget_);
  EXPECT_EQ(headers.Request(many), Want::kNothing);
  EXPECT_EQ(headers.capture().eligible(), 0U);
  EXPECT_EQ(DropOf(headers.End()), Reason::kOverBudget);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(CaptureTest, TenThousandAnswerHeadersThatNobodyComparesCostNothing) {
  Pairs many = Ok();
  for (int i = 0; i < 10'000; ++i) many.emplace_back("x-" + std::to_string(i), "v");
  Told told(plan_, budget_);
  told.Request(Get());
  EXPECT_EQ(told.Response(many, true), Want::kNothing);
  const CaptureEnd end = told.End();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.headers.size(), 1U);
}

TEST_F(CaptureTest, TenThousandTimesTheSameAnswerHeaderAreOverBudget) {
  Pairs many = Ok();
  for (int i = 0; i < 10'000; ++i) many.emplace_back("content-type", "v");
  Told told(plan_, budget_);
  told.Request(Get());
  EXPECT_EQ(told.Response(many), Want::kNothing);
  EXPECT_EQ(DropOf(told.End()), Reason::kOverBudget);
}

TEST_F(CaptureTest, AHeaderThatWouldBecomeTwoIsNotRepeated) {
  for (const std::string& value : {std::string("a\r\nx-evil: 1"), std::string("a\0b", 3)}) {
    Pairs headers = Get();
    headers.emplace_back("x-some", value);
    Told told(plan_, budget_);
    EXPECT_EQ(told.Request(headers), Want::kNothing);
    EXPECT_EQ(DropOf(told.End()), Reason::kIncomplete);
  }
}

TEST_F(CaptureTest, WithoutMemoryTheCopyIsGivenUpAtOnce) {
  MemoryBudget small(2'000);
  Told told(plan_, small);
  told.Request(Get());
  told.Response(Ok());
  EXPECT_EQ(told.capture().ResponseBody(std::string(10'000, 'x'), false), Want::kNothing);
  EXPECT_EQ(small.used(), 0U);
  EXPECT_EQ(DropOf(told.End()), Reason::kBufferFull);
}

TEST_F(CaptureTest, TheMemoryGoesWithTheExchange) {
  std::optional<CaptureEnd> end;
  {
    Told told(plan_, budget_);
    told.Request(Get());
    told.Response(Ok());
    told.capture().ResponseBody(std::string(10'000, 'x'), true);
    end.emplace(told.End());
  }
  EXPECT_GE(budget_.used(), 10'000U);
  end.reset();
  EXPECT_EQ(budget_.used(), 0U);
}

}  // namespace
}  // namespace softmig::agent::testing
