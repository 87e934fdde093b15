#include "reconcile/seen_metric.hpp"

#include <gtest/gtest.h>

namespace softmig::reconcile {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const base::SteadyTime kCame{seconds(1'000)};
const base::WallTime kWall{seconds(1'800'000'000)};

analysis::Judgement Says(model::Verdict verdict, base::WallTime at = kWall) {
  analysis::Judgement judgement;
  judgement.verdict = verdict;
  judgement.at = judgement.window_start = at;
  return judgement;
}

TEST(SeenMetric, KeepsTheTimeOfAnAnswerWhileTheClocksAgree) {
  SeenMetric seen;
  seen.Note(Says(model::Verdict::kPass), kCame);
  EXPECT_EQ(seen.At(kCame + seconds(7), kWall + seconds(7)).latest->at, kWall);
  EXPECT_EQ(seen.At(kCame + seconds(7), kWall + milliseconds(6'500)).latest->at, kWall) << "slewed, not set back";
}

TEST(SeenMetric, TellsAnOldAnswerAsOldAfterTheClockWasSetBack) {
  SeenMetric seen;
  seen.NoteDecisive(Says(model::Verdict::kPass), kCame);
  seen.Note(Says(model::Verdict::kUndecided), kCame + seconds(5));
  // 20 s later by the steady clock, 4 s later by the wall clock.
  const auto observation = seen.At(kCame + seconds(20), kWall + seconds(4));
  EXPECT_EQ(observation.decisive->at, kWall + seconds(4) - seconds(20));
  EXPECT_EQ(observation.latest->at, kWall + seconds(4) - seconds(15));
  EXPECT_EQ(observation.decisive->window_start, kWall) << "so it is no evidence of a step";
}

TEST(SeenMetric, ForgetsWhatWasDecisiveAndNotTheLatest) {
  SeenMetric seen;
  seen.NoteDecisive(Says(model::Verdict::kBreach), kCame);
  seen.Note(Says(model::Verdict::kBreach), kCame);
  seen.ForgetDecisive();
  const auto observation = seen.At(kCame, kWall);
  EXPECT_FALSE(observation.decisive);
  EXPECT_EQ(observation.latest->verdict, model::Verdict::kBreach);
  EXPECT_TRUE(observation.breach_since);
}

TEST(SeenMetric, LetsAnAnswerGrowOldWhereTheClockWasSetForward) {
  SeenMetric seen;
  seen.Note(Says(model::Verdict::kPass), kCame);
  EXPECT_EQ(seen.At(kCame + seconds(1), kWall + seconds(3'600)).latest->at, kWall);
}

TEST(SeenMetric, KnowsSinceWhenThereIsABreach) {
  SeenMetric seen;
  seen.Note(Says(model::Verdict::kBreach), kCame);
  seen.Note(Says(model::Verdict::kBreach, kWall + seconds(5)), kCame + seconds(5));
  EXPECT_EQ(seen.At(kCame + seconds(5), kWall + seconds(5)).breach_since, kWall);
  seen.Note(Says(model::Verdict::kUndecided, kWall + seconds(6)), kCame + seconds(6));
  EXPECT_FALSE(seen.At(kCame + seconds(6), kWall + seconds(6)).breach_since);
}

}  // namespace
}  // namespace softmig::reconcile
