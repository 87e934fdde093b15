#include "analysis/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "analysis/numbers.hpp"

namespace softmig::analysis {
namespace {

using base::WallTime;
using model::Reading;
using model::Sample;
using model::Verdict;
using ::testing::HasSubstr;

WallTime At(int seconds) { return WallTime(std::chrono::seconds(seconds)); }
Reading Number(double number) { return {Reading::Kind::kNumber, number, ""}; }

model::MetricSpec ValueMetric(std::optional<double> min, std::optional<double> max) {
  model::MetricSpec metric;
  metric.name = "latency";
  metric.address = "http://prom:9090";
  metric.value = {"q", min, max};
  return metric;
}

model::MetricSpec CountsMetric(double max_rate, std::int64_t min_requests = 100) {
  model::MetricSpec metric;
  metric.name = "errors";
  metric.address = "http://prom:9090";
  metric.counts.emplace();
  metric.counts->target = {"bad", "total", {}};
  metric.counts->rule = model::MetricSpec::Counts::Rule::kThreshold;
  metric.counts->max_rate = max_rate;
  metric.counts->min_requests = min_requests;
  return metric;
}

/// One poll after another, ten seconds apart, the answer one second after the question.
class Poller {
 public:
  explicit Poller(model::MetricSpec metric) : metric_(std::move(metric)) {}
  Judgement Poll(Reading first, Reading second = {}) {
    now_ += 10;
    Step step = Judge(metric_, state_, {At(now_), At(now_ + 1), std::move(first), std::move(second)});
    state_ = step.state;
    return step.judgement;
  }
  Judgement Poll(double bad, double total) { return Poll(Number(bad), Number(total)); }
  [[nodiscard]] const MetricState& state() const { return state_; }

 private:
  model::MetricSpec metric_;
  MetricState state_;
  int now_ = 0;
};

Verdict VerdictOf(std::optional<double> min, std::optional<double> max, double value) {
  return Poller(ValueMetric(min, max)).Poll(Number(value)).verdict;
}

TEST(JudgeValue, LimitsAreInclusive) {
  EXPECT_EQ(VerdictOf(std::nullopt, 0.5, 0.5), Verdict::kPass);
  EXPECT_EQ(VerdictOf(std::nullopt, 0.5, 0.500001), Verdict::kBreach);
  EXPECT_EQ(VerdictOf(2, std::nullopt, 2), Verdict::kPass);
  EXPECT_EQ(VerdictOf(2, std::nullopt, 1.9), Verdict::kBreach);
  EXPECT_EQ(VerdictOf(-1, 1, 0), Verdict::kPass);
}

TEST(JudgeValue, SaysWhatWasMeasuredAgainstWhat) {
  const Judgement breach = Poller(ValueMetric(std::nullopt, 0.5)).Poll(Number(0.61));
  EXPECT_EQ(breach.evidence, "0.61 above max 0.5");
  EXPECT_EQ(breach.value, 0.61);
  EXPECT_FALSE(breach.samples);
  EXPECT_EQ(breach.window_start, At(10));
  EXPECT_EQ(breach.at, At(11));
  EXPECT_EQ(Poller(ValueMetric(2, 3)).Poll(Number(1)).evidence, "1 below min 2");
  EXPECT_EQ(Poller(ValueMetric(2, 3)).Poll(Number(2.5)).evidence, "2.5 within min 2 and max 3");
}

TEST(JudgeValue, MissingEvidenceKeepsItsKind) {
  Poller poller(ValueMetric(std::nullopt, 1));
  EXPECT_EQ(poller.Poll({Reading::Kind::kNoData, 0, ""}).verdict, Verdict::kNoData);
  EXPECT_EQ(poller.Poll({Reading::Kind::kNoData, 0, ""}).evidence, "no data from http://prom:9090: query gives no series");
  EXPECT_EQ(poller.Poll({Reading::Kind::kNaN, 0, ""}).verdict, Verdict::kNaN);
  const Judgement error = poller.Poll({Reading::Kind::kError, 0, "bad_data: parse error"});
  EXPECT_EQ(error.verdict, Verdict::kError);
  EXPECT_EQ(error.evidence, "http://prom:9090: bad_data: parse error");
  EXPECT_FALSE(error.value);
  EXPECT_EQ(poller.Poll(Number(std::numeric_limits<double>::infinity())).verdict, Verdict::kError);
  EXPECT_EQ(poller.state(), MetricState());
}

TEST(JudgeValue, SeveralSeriesAreNoNumber) {
  const Judgement many = Poller(ValueMetric(std::nullopt, 1)).Poll({Reading::Kind::kSeries, 0, "", 0, {{1, 0.5}, {2, 0.5}}});
  EXPECT_EQ(many.verdict, Verdict::kError);
  EXPECT_THAT(many.evidence, HasSubstr("2 series, want one"));
}

TEST(JudgeCounts, CountsSeriesBySeries) {
  Poller poller(CountsMetric(0.01));
  poller.Poll({Reading::Kind::kNumber, 7, "", 1}, {Reading::Kind::kSeries, 0, "", 0, {{1, 1000}, {2, 5000}}});
  // One pod was restarted: all it has counted since is new, and the other's requests are not lost.
  const Judgement pass = poller.Poll({Reading::Kind::kNumber, 1, "", 1}, {Reading::Kind::kSeries, 0, "", 0, {{1, 40}, {2, 5160}}});
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_EQ(pass.samples, 200);
  EXPECT_EQ(pass.evidence, "1 of 200 requests failed (0.5 %), tolerated 1 %");
}

TEST(JudgeCounts, FirstPollOnlyStartsCounting) {
  Poller poller(CountsMetric(0.01));
  const Judgement first = poller.Poll(500, 1000);
  EXPECT_EQ(first.verdict, Verdict::kNoData);
  EXPECT_EQ(first.window_start, At(10));
  EXPECT_EQ(poller.Poll(500, 1200).verdict, Verdict::kPass);
}

TEST(JudgeCounts, JudgesTheDifferencesOnceThereAreEnough) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(10, 1000);
  const Judgement few = poller.Poll(10, 1040);
  EXPECT_EQ(few.verdict, Verdict::kUndecided);
  EXPECT_EQ(few.samples, 40);
  EXPECT_EQ(few.evidence, "0 of 40 requests failed, a judgement needs 100");
  const Judgement pass = poller.Poll(13, 1412);
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_EQ(pass.samples, 412);
  EXPECT_DOUBLE_EQ(pass.value.value_or(0), 3.0 / 412);
  EXPECT_EQ(pass.evidence, "3 of 412 requests failed (0.73 %), tolerated 1 %");
  EXPECT_EQ(pass.window_start, At(10));
  EXPECT_EQ(pass.at, At(31));
}

TEST(JudgeCounts, CountsAnewAfterEachJudgement) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(50, 100).verdict, Verdict::kBreach);
  const Judgement next = poller.Poll(50, 200);
  EXPECT_EQ(next.verdict, Verdict::kPass);
  EXPECT_EQ(next.window_start, At(20));
}

TEST(JudgeCounts, ExactlyTheToleratedRatePasses) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(1, 100).verdict, Verdict::kPass);
  EXPECT_EQ(poller.Poll(3, 200).verdict, Verdict::kBreach);
}

TEST(JudgeCounts, ExactlyTheWantedRequestsAreEnough) {
  Poller poller(CountsMetric(0.5));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(0, 99).verdict, Verdict::kUndecided);
  EXPECT_EQ(poller.Poll(0, 100).verdict, Verdict::kPass);
}

TEST(JudgeCounts, ABreachDoesNotWaitWhereItIsSure) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(1, 1).verdict, Verdict::kUndecided);
  const Judgement breach = poller.Poll(2, 5);
  EXPECT_EQ(breach.verdict, Verdict::kBreach);
  EXPECT_EQ(breach.samples, 5);
  EXPECT_EQ(poller.state().total, 0);
}

TEST(JudgeCounts, ZeroToleranceBreachesOnTheFirstFailure) {
  Poller poller(CountsMetric(0));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(1, 3).verdict, Verdict::kBreach);
}

TEST(JudgeCounts, NoRequestsAreNoDataAndChangeNothing) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(5, 500);
  MetricState before = poller.state();
  const Judgement none = poller.Poll(5, 500);
  EXPECT_EQ(none.verdict, Verdict::kNoData);
  EXPECT_EQ(none.samples, 0);
  EXPECT_FALSE(none.value);
  EXPECT_EQ(none.evidence, "no requests counted yet");
  before.counters.until = poller.state().counters.until;
  EXPECT_EQ(poller.state(), before);
  poller.Poll(5, 510);
  EXPECT_EQ(poller.Poll(5, 510).verdict, Verdict::kUndecided);
}

TEST(JudgeCounts, AFallingCounterCountsNothingAndStartsAnew) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(90, 100'000);
  // One pod of several restarted: the sum fell to what the others had before, which is no news about now.
  EXPECT_EQ(poller.Poll(80, 900).verdict, Verdict::kNoData);
  const Judgement pass = poller.Poll(81, 1050);
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_EQ(pass.samples, 150);
}

TEST(JudgeCounts, NumbersThatCannotBeAreErrorsAndLeaveTheCountsAlone) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(0, 1000);
  poller.Poll(0, 1050);
  const MetricState before = poller.state();
  EXPECT_EQ(poller.Poll(2000, 1100).verdict, Verdict::kError);
  EXPECT_EQ(poller.Poll(-1, 1100).verdict, Verdict::kError);
  EXPECT_EQ(poller.Poll(0, std::numeric_limits<double>::quiet_NaN()).verdict, Verdict::kError);
  EXPECT_EQ(poller.state(), before);
}

TEST(JudgeCounts, BadThatGrewMoreThanTotalIsNoEvidence) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(10, 1000);
  EXPECT_EQ(poller.Poll(60, 1010).verdict, Verdict::kError);
  EXPECT_EQ(poller.state().total, 0);
  EXPECT_EQ(poller.Poll(60, 1110).verdict, Verdict::kPass);
}

TEST(JudgeCounts, TheWorseReadingSpeaks) {
  const Reading none{Reading::Kind::kNoData, 0, ""};
  const Reading nan{Reading::Kind::kNaN, 0, ""};
  const Reading error{Reading::Kind::kError, 0, "boom"};
  Poller poller(CountsMetric(0.01));
  EXPECT_EQ(poller.Poll(none, Number(1)).verdict, Verdict::kNoData);
  EXPECT_THAT(poller.Poll(Number(1), none).evidence, HasSubstr("total gives no series"));
  EXPECT_EQ(poller.Poll(none, nan).verdict, Verdict::kNaN);
  EXPECT_EQ(poller.Poll(nan, error).verdict, Verdict::kError);
  EXPECT_FALSE(poller.state().counters.until);
}

TEST(JudgeCounts, HugeCountersStayDefined) {
  Poller poller(CountsMetric(0.01));
  poller.Poll(0, 0);
  EXPECT_EQ(poller.Poll(0, 1e300).verdict, Verdict::kPass);
}

TEST(Judge, MetricOfNoKindIsAnError) { EXPECT_EQ(Judge({}, {}, {}).judgement.verdict, Verdict::kError); }

TEST(Numbers, AreWrittenShort) {
  EXPECT_EQ(Shortest(0.1 + 0.2), "0.3");
  EXPECT_EQ(Shortest(412), "412");
  EXPECT_EQ(Shortest(1'234'567'890'123.0), "1234567890123");
  EXPECT_EQ(Shortest(-0.0), "0");
  EXPECT_EQ(PercentText(3.0 / 412, 0.01), "0.73");
  EXPECT_EQ(PercentText(0.010001, 0.01), "1.0001");
  EXPECT_EQ(PercentText(0.00001, 0.01), "0.001");
}

}  // namespace
}  // namespace softmig::analysis
