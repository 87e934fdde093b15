#include "analysis/counter_window.hpp"

#include <gmock/gmock.h>

namespace softmig::analysis {
namespace {

using base::WallTime;
using model::Reading;
using model::SeriesPoint;
using ::testing::HasSubstr;

WallTime At(int seconds) { return WallTime(std::chrono::seconds(seconds)); }

Reading Series(std::vector<SeriesPoint> points) {
  if (points.size() == 1) return {Reading::Kind::kNumber, points[0].number, "", points[0].id};
  return {Reading::Kind::kSeries, 0, "", 0, std::move(points)};
}

/// Reads two counters at seconds 10, 20, 30 …
class Reader {
 public:
  CounterStep Read(std::vector<SeriesPoint> bad, std::vector<SeriesPoint> total) {
    now_ += 10;
    CounterStep step = Count(state_, {At(now_), At(now_ + 1), Series(std::move(bad)), Series(std::move(total))});
    state_ = step.state;
    return step;
  }
  /// A reading that gives a window from the one before.
  std::pair<double, double> Counted(std::vector<SeriesPoint> bad, std::vector<SeriesPoint> total) {
    const CounterStep step = Read(std::move(bad), std::move(total));
    EXPECT_EQ(step.refused, "");
    if (!step.window) return {-1, -1};
    EXPECT_EQ(step.window->from, At(now_ - 10));
    EXPECT_EQ(step.window->to, At(now_));
    return {step.window->k, step.window->n};
  }

 private:
  CountersState state_;
  int now_ = 0;
};

using Counts = std::pair<double, double>;

TEST(CounterWindow, TheFirstReadingIsOnlyTheBeginning) {
  Reader reader;
  const CounterStep first = reader.Read({{1, 5}}, {{1, 100}});
  EXPECT_FALSE(first.window);
  EXPECT_EQ(first.refused, "");
  EXPECT_EQ(reader.Counted({{1, 5}}, {{1, 100}}), Counts(0, 0));
  EXPECT_EQ(reader.Counted({{1, 6}}, {{1, 150}}), Counts(1, 50));
}

TEST(CounterWindow, TheFirstIncrementOfANewSeriesCounts) {
  Reader reader;
  reader.Read({{0, 0}}, {{1, 100}});
  EXPECT_EQ(reader.Counted({{7, 1}}, {{1, 130}}), Counts(1, 30));
  EXPECT_EQ(reader.Counted({{7, 1}}, {{1, 140}, {2, 25}}), Counts(0, 35));
}

TEST(CounterWindow, AResetOfOneSeriesLosesNothingOfTheOthers) {
  Reader reader;
  reader.Read({{1, 3}, {2, 4}}, {{1, 1000}, {2, 1000}});
  EXPECT_EQ(reader.Counted({{1, 1}, {2, 4}}, {{1, 20}, {2, 1100}}), Counts(1, 120));
}

TEST(CounterWindow, AGapInScrapingIsNoNewBeginning) {
  Reader reader;
  reader.Read({{0, 0}}, {{1, 1000}, {2, 2000}});
  EXPECT_EQ(reader.Counted({{0, 0}}, {{1, 1010}}), Counts(0, 10));
  EXPECT_EQ(reader.Counted({{0, 0}}, {{1, 1020}, {2, 2030}}), Counts(0, 40));
}

TEST(CounterWindow, ASumThatFellSaysNothing) {
  Reader reader;
  reader.Read({{0, 3}}, {{0, 9000}});
  const CounterStep fallen = reader.Read({{0, 3}}, {{0, 6000}});
  EXPECT_FALSE(fallen.window);
  EXPECT_EQ(fallen.refused, "");
  EXPECT_EQ(reader.Counted({{0, 4}}, {{0, 6100}}), Counts(1, 100));
}

TEST(CounterWindow, WhatCannotBeIsRefused) {
  Reader reader;
  reader.Read({{1, 1}}, {{1, 100}});
  EXPECT_THAT(reader.Read({{1, -1}}, {{1, 110}}).refused, HasSubstr("negative"));
  EXPECT_THAT(reader.Read({{1, 500}}, {{1, 110}}).refused, HasSubstr("more than total"));
  EXPECT_THAT(reader.Read({{1, 50}}, {{1, 110}}).refused, HasSubstr("bad grew by 49, total only by 10"));
}

TEST(CounterWindow, AClockSetBackLosesOneWindowAndNotAllUntilItIsWhereItWas) {
  const auto at = [](int seconds, double bad, double total) {
    return model::Sample{At(seconds), At(seconds + 1), Series({{1, bad}}), Series({{1, total}})};
  };
  const CountersState before = Count({}, at(1'000, 0, 100)).state;
  const CounterStep back = Count(before, at(400, 0, 110));
  EXPECT_TRUE(back.began);
  EXPECT_FALSE(back.window);
  const CounterStep next = Count(back.state, at(410, 9, 130));
  ASSERT_TRUE(next.window);
  EXPECT_EQ(next.window->k, 9);
  EXPECT_EQ(next.window->n, 20);
}

/// How much one counter of requests without bad ones grew since the reading before, by instants.
auto Grower() {
  return [state = CountersState()](int seconds, double total) mutable {
    CounterStep step = Count(state, {At(seconds), At(seconds + 1), Series({{1, 0}}), Series({{1, total}})});
    state = std::move(step.state);
    return step.window ? step.window->n : 0;
  };
}

TEST(CounterWindow, WhatWasCountedBeforeTheClockWasSetBackIsNotCountedAgain) {
  auto grown = Grower();
  grown(100, 0);
  EXPECT_EQ(grown(112, 12), 12);
  EXPECT_EQ(grown(70, 0), 0) << "the past";
  EXPECT_EQ(grown(73, 0), 0);
  EXPECT_EQ(grown(106, 5), 0) << "counted before";
  EXPECT_EQ(grown(112, 12), 0);
  EXPECT_EQ(grown(118, 19), 7);
  EXPECT_EQ(grown(121, 3), 3) << "reset: nobody asked about this instant before";
}

TEST(CounterWindow, AResetAfterTheClockWasPutRightIsFoundOnceItIsWhereItWas) {
  auto grown = Grower();
  grown(1'000, 100);
  EXPECT_EQ(grown(400, 110), 0);
  EXPECT_EQ(grown(410, 130), 20);
  EXPECT_EQ(grown(420, 5), 0);
  EXPECT_EQ(grown(1'010, 9), 9);
}

TEST(CounterWindow, RemembersOnlySoManySeries) {
  std::vector<SeriesPoint> many;
  for (std::uint64_t id = 1; id <= kMostSeries + 1; ++id) many.push_back({id, 1});
  Reader reader;
  EXPECT_THAT(reader.Read({{0, 0}}, many).refused, HasSubstr("series: sum them"));
}

}  // namespace
}  // namespace softmig::analysis
