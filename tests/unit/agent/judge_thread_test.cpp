#include "agent/serve/judge_thread.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "capture_fixture.hpp"
#include "fakes/fake_clock.hpp"

namespace softmig::agent::testing {
namespace {

using compare::Side;
using nlohmann::json;

compare::Answer JsonAnswer(const std::string& body) { return {200, {{"content-type", "application/json"}}, body, false, {}}; }

class JudgeThreadTest : public ::testing::Test {
 protected:
  CapturedExchange Served(Side by, const std::string& body) {
    tally_.CountEligible(0);
    return {0, by, {}, JsonAnswer(body), Reservation(budget_)};
  }
  /// The counts once that many verdicts are there, which takes at most ten seconds.
  json CountsOf(int verdicts) { return CountsOf("verdicts", verdicts); }
  json CountsOf(const char* what, int all) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (SumOf(what) < all && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    return tally_.CountsJson()["components"][0];
  }
  int SumOf(const char* what) {
    const json counts = tally_.CountsJson()["components"][0][what];
    int sum = 0;
    for (const auto& [name, count] : counts.items()) sum += count.get<int>();
    return sum;
  }

  const WatchPlan plan_ = OneComponent();
  fakes::FakeClock clock_;
  MemoryBudget budget_{1U << 20U};
  Tally tally_{"epoch-1", plan_, *compare::ValueDigest::Make("0123456789abcdef"), clock_};
};

TEST_F(JudgeThreadTest, EveryPairGetsOneVerdict) {
  JudgeThread judge(plan_, tally_, clock_, 100);
  judge.Submit(Served(Side::kLegacy, R"({"a":1})"), JsonAnswer(R"({"a":1})"));
  judge.Submit(Served(Side::kLegacy, R"({"a":1})"), JsonAnswer(R"({"a":2})"));
  judge.Submit(Served(Side::kLegacy, R"({"a":1})"), compare::Failure::kTimeout);
  judge.Submit(Served(Side::kTarget, R"({"a":1})"), compare::Failure::kError);
  const json counts = CountsOf(4);
  EXPECT_EQ(counts["eligible"], 4);
  EXPECT_EQ(counts["verdicts"]["equal"], 1);
  EXPECT_EQ(counts["verdicts"]["differs"], 1);
  EXPECT_EQ(counts["verdicts"]["target-timeout"], 1);
  EXPECT_EQ(counts["uncomparable"]["legacy-error"], 1);
}

TEST_F(JudgeThreadTest, TheSidesAreLegacyAndTargetWhoeverServed) {
  JudgeThread judge(plan_, tally_, clock_, 100);
  judge.Submit(Served(Side::kTarget, R"({"new":true})"), JsonAnswer("{}"));
  CountsOf(1);
  const json differences = tally_.DifferencesJson()["differences"];
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0]["path"], "$.new");
  EXPECT_EQ(differences[0]["legacy"]["kind"], "absent");
  EXPECT_EQ(differences[0]["target"]["kind"], "boolean");
}

TEST_F(JudgeThreadTest, WhatDiffersWithinLegacyIsHiddenAndErrorsAreNot) {
  JudgeThread judge(plan_, tally_, clock_, 1'000);
  const auto control = [&] {
    CapturedExchange exchange{0, Side::kLegacy, {}, JsonAnswer(R"({"now":"1"})"), Reservation(budget_)};
    exchange.is_control = true;
    return exchange;
  };
  judge.Submit(Served(Side::kLegacy, R"({"now":"1"})"), JsonAnswer(R"({"now":"2"})"));
  EXPECT_EQ(CountsOf(1)["hidden"], 0) << "nothing is known of noise yet";
  for (int i = 0; i < 30; ++i) judge.Submit(control(), JsonAnswer(R"({"now":"2"})"));
  CountsOf("controls", 30);
  clock_.Advance(base::Millis(10'000));
  judge.Submit(control(), JsonAnswer(R"({"now":"1"})"));  // after it, what is noise is decided anew
  judge.Submit(Served(Side::kTarget, R"({"now":"1"})"), JsonAnswer(R"({"now":"2"})"));
  judge.Submit(Served(Side::kLegacy, R"({"now":"1"})"), JsonAnswer(R"({"now":"2","more":1})"));
  judge.Submit(Served(Side::kLegacy, R"({"now":"1"})"), compare::Failure::kError);
  const json counts = CountsOf(4);
  EXPECT_EQ(counts["verdicts"]["differs"], 3);
  EXPECT_EQ(counts["hidden"], 1);
  EXPECT_EQ(counts["verdicts"]["target-error"], 1);
  EXPECT_EQ(counts["eligible"], 4);
  EXPECT_EQ(counts["controls"], json({{"same", 1}, {"differed", 30}, {"lost", 0}}));
  const json noise = tally_.DifferencesJson()["noise"][0]["fields"];
  ASSERT_EQ(noise.size(), 1U);
  EXPECT_EQ(noise[0]["path"], "$.now");
  EXPECT_EQ(noise[0]["hidden"], true);
}

TEST_F(JudgeThreadTest, AControlThatCannotBeComparedIsLostAndNothingElse) {
  JudgeThread judge(plan_, tally_, clock_, 1'000);
  CapturedExchange control{0, Side::kLegacy, {}, JsonAnswer("{"), Reservation(budget_)};
  control.is_control = true;
  judge.Submit(std::move(control), JsonAnswer("{}"));
  judge.Submit(Served(Side::kLegacy, "1"), JsonAnswer("1"));
  const json counts = CountsOf(1);
  EXPECT_EQ(counts["controls"]["lost"], 1);
  EXPECT_EQ(counts["verdicts"]["uncomparable"], 0);
}

TEST_F(JudgeThreadTest, AnAnswerThatFindsNoMemoryIsDropped) {
  JudgeThread judge(plan_, tally_, clock_, 100);
  judge.Submit(Served(Side::kLegacy, "1"), JsonAnswer(std::string(budget_.limit() + 1, ' ')));
  EXPECT_EQ(tally_.CountsJson()["components"][0]["dropped"]["buffer-full"], 1);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(JudgeThreadTest, WhatDoesNotFitIsDropped) {
  JudgeThread judge(plan_, tally_, clock_, 0);
  judge.Submit(Served(Side::kLegacy, "1"), JsonAnswer("1"));
  const json counts = tally_.CountsJson()["components"][0];
  EXPECT_EQ(counts["verdicts"]["dropped"], 1);
  EXPECT_EQ(counts["dropped"]["buffer-full"], 1);
}

}  // namespace
}  // namespace softmig::agent::testing
