#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/prometheus/prometheus_provider.hpp"

namespace softmig::providers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = model::Reading::Kind;

std::string Vector(const std::string& result) { return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}"; }

/// A bucket; `labels` as in R"("pod":"a")".
std::string Bucket(const std::string& le, const std::string& value, const std::string& labels = "") {
  return R"({"metric":{"le":")" + le + "\"" + (labels.empty() ? "" : "," + labels) + R"(},"value":[1,")" + value + R"("]})";
}

HistogramReadings Parse(const std::string& result, double bound) {
  return PrometheusProvider().ParseHistogram({200, {}, Vector(result)}, bound);
}
std::string ErrorOf(const std::string& result, double bound) {
  const HistogramReadings readings = Parse(result, bound);
  EXPECT_EQ(readings.above.kind, Kind::kError);
  EXPECT_EQ(readings.above, readings.total);
  return readings.above.message;
}

TEST(PrometheusHistogram, CountsWhatIsAboveTheBound) {
  const HistogramReadings readings = Parse(Bucket("0.1", "5") + "," + Bucket("0.5", "8") + "," + Bucket("+Inf", "10"), 0.5);
  EXPECT_EQ(readings.above, (model::Reading{Kind::kNumber, 2, ""}));
  EXPECT_EQ(readings.total, (model::Reading{Kind::kNumber, 10, ""}));
}

TEST(PrometheusHistogram, BoundsAreNumbersAndNotTexts) {
  for (const char* le : {"0.5", "5e-1", "0.50", "+0.5", "5E-01"}) {
    EXPECT_EQ(Parse(Bucket(le, "8") + "," + Bucket("+Inf", "10"), 0.5).above.number, 2) << le;
  }
  for (const char* le : {"1", "1.0", "1e0"}) EXPECT_EQ(Parse(Bucket(le, "8") + "," + Bucket("Inf", "10"), 1).above.number, 2) << le;
}

TEST(PrometheusHistogram, KeepsSeriesApartByTheirOtherLabels) {
  const std::string a = R"("pod":"a")";
  const std::string b = R"("pod":"b")";
  const HistogramReadings readings =
      Parse(Bucket("1", "1", a) + "," + Bucket("1", "2", b) + "," + Bucket("+Inf", "9", b) + "," + Bucket("+Inf", "4", a), 1);
  ASSERT_EQ(readings.above.kind, Kind::kSeries);
  ASSERT_EQ(readings.total.kind, Kind::kSeries);
  EXPECT_EQ(readings.above.series[0].number, 3);
  EXPECT_EQ(readings.above.series[1].number, 7);
  EXPECT_EQ(readings.total.series[0].number, 4);
  EXPECT_EQ(readings.total.series[1].number, 9);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(readings.above.series[i].id, readings.total.series[i].id);
  // The same ids as those of a query that never had the label.
  const model::Reading plain = PrometheusProvider().Parse({200, {}, Vector(R"({"metric":{"pod":"b"},"value":[1,"1"]})")});
  EXPECT_EQ(readings.total.series[1].id, plain.id);
}

TEST(PrometheusHistogram, TwoTextsOfOneBoundBelowASumAddUp) {
  const HistogramReadings readings = Parse(Bucket("1", "3") + "," + Bucket("1.0", "4") + "," + Bucket("+Inf", "10"), 1);
  EXPECT_EQ(readings.above.number, 3);
  EXPECT_THAT(ErrorOf(Bucket("1", "3") + "," + Bucket("1", "4") + "," + Bucket("+Inf", "10"), 1), HasSubstr("twice"));
}

TEST(PrometheusHistogram, ABoundThatNoBucketHasNamesTheNearestOnes) {
  std::string result = Bucket("+Inf", "99");
  for (int i = 1; i <= 20; ++i) result += "," + Bucket(std::to_string(i), "1");
  EXPECT_THAT(ErrorOf(result, 10.5),
              HasSubstr("no bucket ends at 10.5; the nearest bounds are 7, 8, 9, 10, 11, 12, 13, 14: use one of them"));
  EXPECT_THAT(ErrorOf(result, 100), HasSubstr("are 13, 14, 15, 16, 17, 18, 19, 20:"));
  EXPECT_THAT(ErrorOf(result, 0.25), HasSubstr("are 1, 2, 3, 4, 5, 6, 7, 8:"));
  EXPECT_THAT(ErrorOf(Bucket("+Inf", "9"), 1), HasSubstr("no bounds"));
}

TEST(PrometheusHistogram, OneHistogramWithoutTheBoundSpoilsTheAnswer) {
  const std::string a = R"("pod":"a")";
  const std::string b = R"("pod":"b")";
  const std::string both = Bucket("1", "1", a) + "," + Bucket("+Inf", "4", a) + "," + Bucket("+Inf", "4", b);
  EXPECT_THAT(ErrorOf(both + "," + Bucket("2", "3", b), 1), HasSubstr("nearest bounds are 1, 2"));
  EXPECT_THAT(ErrorOf(Bucket("1", "1", a) + "," + Bucket("+Inf", "4", b) + "," + Bucket("1", "4", b), 1), HasSubstr("+Inf"));
}

TEST(PrometheusHistogram, OtherSeriesAreErrors) {
  EXPECT_THAT(ErrorOf(R"({"metric":{"pod":"a"},"value":[1,"4"]})", 1), HasSubstr("label le"));
  EXPECT_THAT(ErrorOf(Bucket("many", "4"), 1), HasSubstr("label le"));
  EXPECT_THAT(ErrorOf(Bucket("NaN", "4"), 1), HasSubstr("label le"));
  EXPECT_THAT(ErrorOf(R"({"metric":{},"histogram":[1,{"count":"4"}]})", 1), HasSubstr("native histogram"));
  EXPECT_THAT(ErrorOf(Bucket("1", "11") + "," + Bucket("+Inf", "10"), 1), HasSubstr("more than all"));
  for (const double bound : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(ErrorOf(Bucket("+Inf", "10"), bound), HasSubstr("finite"));
  }
}

TEST(PrometheusHistogram, OnlyTheBucketsInQuestionMustBeNumbers) {
  EXPECT_EQ(Parse(Bucket("0.1", "NaN") + "," + Bucket("1", "4") + "," + Bucket("+Inf", "10"), 1).above.number, 6);
  EXPECT_EQ(Parse(Bucket("1", "NaN") + "," + Bucket("+Inf", "10"), 1).total.kind, Kind::kNaN);
  EXPECT_EQ(Parse(Bucket("1", "4") + "," + Bucket("+Inf", "+Inf"), 1).above.kind, Kind::kError);
}

TEST(PrometheusHistogram, NoSeriesIsNoDataAndErrorsStayErrors) {
  EXPECT_EQ(Parse("", 1), HistogramReadings{});
  const HistogramReadings failed =
      PrometheusProvider().ParseHistogram({400, {}, R"({"status":"error","errorType":"bad_data","error":"boom"})"}, 1);
  EXPECT_EQ(failed.above.message, "bad_data: boom");
  EXPECT_EQ(failed.above, failed.total);
}

}  // namespace
}  // namespace softmig::providers
