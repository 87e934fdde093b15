#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/answer.hpp"
#include "providers/prometheus/prometheus_provider.hpp"

namespace softmig::providers {
namespace {

using base::Millis;
using base::WallTime;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = model::Reading::Kind;

RangeQuery Range(int first, int last, int step) {
  return {"http://h:9090", "up", WallTime(Millis(first)), WallTime(Millis(last)), Millis(step)};
}

std::string Matrix(const std::string& result) { return R"({"status":"success","data":{"resultType":"matrix","result":[)" + result + "]}}"; }
RangeReadings Parse(const std::string& body, const RangeQuery& query, int status = 200) {
  return PrometheusProvider().ParseRange({status, {}, body}, query);
}
std::string ErrorOf(const std::string& body, const RangeQuery& query = Range(10'000, 30'000, 10'000)) {
  const RangeReadings readings = Parse(body, query);
  EXPECT_TRUE(readings.readings.empty()) << body;
  EXPECT_LE(readings.error.size(), 256U);
  return readings.error;
}

TEST(PrometheusRange, AsksForStartEndAndStep) {
  const auto request = PrometheusProvider().RangeRequest(Range(1'700'000'000, 1'700'020'000, 10'250));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "http://h:9090/api/v1/query_range?query=up&start=1700000.000&end=1700020.000&step=10.250&nocache=1");
  RangeQuery longer = Range(0, 10, 1);
  longer.text = std::string(2000, '{');
  const auto posted = PrometheusProvider().RangeRequest(longer);
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->method, http::Method::kPost);
  EXPECT_THAT(posted->body, HasSubstr("&end=0.010&step=0.001&nocache=1"));
}

TEST(PrometheusRange, RefusesRangesThatAreNone) {
  for (const RangeQuery& query : {Range(0, 10, 0), Range(0, 10, -1), Range(10, 9, 1), Range(-5, 10, 1), Range(0, 11'000, 1)}) {
    const auto request = PrometheusProvider().RangeRequest(query);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, base::ErrorCode::kInvalid);
    EXPECT_EQ(ErrorOf(Matrix(""), query), request.error().message);
  }
  EXPECT_EQ(InstantsOf(Range(0, 10'999, 1)).value_or(0), 11'000U);
  EXPECT_EQ(InstantsOf(Range(0, 19, 10)).value_or(0), 2U);
  EXPECT_EQ(InstantOf(Range(5, 100, 10), 3), WallTime(Millis(35)));
  RangeQuery nowhere = Range(0, 10, 1);
  nowhere.address = "h:9090";
  EXPECT_FALSE(PrometheusProvider().RangeRequest(nowhere));
}

TEST(PrometheusRange, GivesAReadingForEveryInstant) {
  const RangeReadings readings =
      Parse(Matrix(R"({"metric":{"a":"1"},"values":[[10,"1"],[20.0,"2"],[40,"4"]]},{"metric":{"a":"2"},"values":[[20,"5"],[40,"NaN"]]})"),
            Range(10'000, 50'000, 10'000));
  ASSERT_EQ(readings.error, "");
  ASSERT_EQ(readings.readings.size(), 5U);
  EXPECT_EQ(readings.readings[0].kind, Kind::kNumber);
  EXPECT_EQ(readings.readings[0].number, 1);
  ASSERT_EQ(readings.readings[1].kind, Kind::kSeries);
  EXPECT_EQ(readings.readings[1].series[0].id, readings.readings[0].id);
  EXPECT_EQ(readings.readings[1].series[1].number, 5);
  EXPECT_EQ(readings.readings[2], model::Reading{});
  EXPECT_EQ(readings.readings[3].kind, Kind::kNaN);
  EXPECT_EQ(readings.readings[4].kind, Kind::kNoData);
}

TEST(PrometheusRange, NoSeriesAtAllIsNoDataAtEveryInstant) {
  const RangeReadings readings = Parse(Matrix(""), Range(10'000, 30'000, 10'000));
  EXPECT_EQ(readings.error, "");
  EXPECT_EQ(readings.readings, std::vector<model::Reading>(3));
}

TEST(PrometheusRange, KeysMayComeInAnyOrderAndOthersAreIgnored) {
  const RangeReadings readings = Parse(
      R"({"data":{"stats":{"result":[[1,2]]},"result":[{"x":[[1,2,3]],"values":[[10,"1"]],"metric":{"a":"1"}}],"resultType":"matrix"},)"
      R"("infos":["hm"],"warnings":["PromQL warning: hm"],"isPartial":false,"status":"success"})",
      Range(10'000, 10'000, 1));
  ASSERT_EQ(readings.error, "");
  const model::Reading instant = PrometheusProvider().Parse(
      {200, {}, R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[10,"1"]}]}})"});
  EXPECT_EQ(readings.readings[0], instant);
}

TEST(PrometheusRange, InstantsNobodyAskedForAreErrors) {
  const auto at = [](const std::string& points) { return Matrix(R"({"metric":{},"values":[)" + points + "]}"); };
  EXPECT_THAT(ErrorOf(at(R"([15,"1"])")), HasSubstr("not asked for"));
  EXPECT_THAT(ErrorOf(at(R"([0,"1"])")), HasSubstr("not asked for"));
  EXPECT_THAT(ErrorOf(at(R"([40,"1"])")), HasSubstr("not asked for"));
  EXPECT_THAT(ErrorOf(at(R"([10.001,"1"])")), HasSubstr("not asked for"));
  EXPECT_THAT(ErrorOf(at(R"([10,"1"],[10,"2"])")), HasSubstr("an instant twice"));
  EXPECT_THAT(ErrorOf(at(R"([10,"1"],[20,"2"],[30,"3"],[30,"3"])")), HasSubstr("more instants than were asked for"));
  EXPECT_THAT(ErrorOf(at(R"([1e300,"1"])")), HasSubstr("pair"));
}

TEST(PrometheusRange, OtherShapesAreErrors) {
  for (const char* result : {"1",
                             "[]",
                             "null",
                             "{}",
                             R"({"metric":{}})",
                             R"({"values":1})",
                             R"({"values":{}})",
                             R"({"values":[1]})",
                             R"({"values":[{}]})",
                             R"({"values":[[]]})",
                             R"({"values":[[10]]})",
                             R"({"values":[["1","1"]]})",
                             R"({"values":[[10,1]]})",
                             R"({"values":[[10,"1","1"]]})",
                             R"({"values":[[10,[]]]})",
                             R"({"values":[[10,{}]]})",
                             R"({"values":[[null,"1"]]})",
                             R"({"values":[[10,true]]})",
                             R"({"metric":{"a":1},"values":[]})",
                             R"({"metric":{"a":{}},"values":[]})",
                             R"({"histograms":[[10,"1"],[20]]})",
                             R"({"histograms":[[{},{}]]})"}) {
    EXPECT_FALSE(ErrorOf(Matrix(result)).empty()) << result;
  }
  for (const char* body : {"", "<html>", "[]", "{}", "3", R"({"status":"success"})", R"({"status":"success","data":[]})",
                           R"({"status":"success","data":{"resultType":"matrix","result":{}}})",
                           R"({"status":"success","data":{"resultType":"vector","result":[]}})",
                           R"({"status":"success","data":{"resultType":"matrix","result":[],"result":[]}})",
                           R"({"status":"success","data":{"result":[]}})", R"({"data":{"resultType":"matrix","result":[]}})"}) {
    EXPECT_FALSE(ErrorOf(body).empty()) << body;
  }
}

TEST(PrometheusRange, ErrorsAreThoseOfTheInstantParser) {
  const std::string refused = R"({"status":"error","errorType":"bad_data","error":"boom"})";
  EXPECT_EQ(Parse(refused, Range(0, 1, 1), 400).error, "bad_data: boom");
  EXPECT_EQ(Parse(refused, Range(0, 1, 1)).error, "bad_data: boom");
  EXPECT_EQ(Parse("upstream connect error\n", Range(0, 1, 1), 503).error, "HTTP 503: upstream connect error ");
  EXPECT_THAT(ErrorOf("<html>"), HasSubstr("speak Prometheus' API?"));
}

TEST(PrometheusRange, APartOfTheDataIsNoAnswer) {
  for (const char* tail : {R"(,"warnings":["PromQL info: x","receive series from store: rpc error"]})", R"(,"isPartial":true})"}) {
    for (const char* type : {"matrix", "vector"}) {
      const std::string body = std::string(R"({"status":"success","data":{"resultType":")") + type + R"(","result":[]})" + tail;
      const http::Response response{200, {}, body};
      const std::string message = std::string(type) == "matrix" ? ErrorOf(body) : PrometheusProvider().Parse(response).message;
      EXPECT_THAT(message, StartsWith("part of the data is missing: ")) << body;
    }
  }
}

TEST(PrometheusRange, NativeHistogramsAreErrorsOnlyAtTheirInstants) {
  const RangeReadings readings =
      Parse(Matrix(R"({"metric":{},"values":[[10,"1"]],"histograms":[[20,{"count":"1","buckets":[[0,"1","2","3"]]}]]})"),
            Range(10'000, 20'000, 10'000));
  ASSERT_EQ(readings.error, "");
  EXPECT_EQ(readings.readings[0].number, 1);
  EXPECT_THAT(readings.readings[1].message, HasSubstr("histogram"));
}

TEST(PrometheusRange, ReadsHistograms) {
  const std::string body =
      Matrix(R"({"metric":{"le":"1"},"values":[[10,"3"],[20,"4"]]},{"metric":{"le":"+Inf"},"values":[[10,"5"],[20,"9"]]},)"
             R"({"metric":{"le":"0.5"},"values":[[30,"5"]]},{"metric":{"le":"+Inf","a":"b"},"values":[[30,"5"]]})");
  const HistogramRangeReadings readings = PrometheusProvider().ParseHistogramRange({200, {}, body}, Range(10'000, 40'000, 10'000), 1);
  ASSERT_EQ(readings.error, "");
  EXPECT_EQ(readings.readings[0].above.number, 2);
  EXPECT_EQ(readings.readings[1].total.number, 9);
  EXPECT_EQ(readings.readings[2].above.kind, Kind::kError);
  EXPECT_EQ(readings.readings[3], HistogramReadings{});
  EXPECT_THAT(PrometheusProvider().ParseHistogramRange({200, {}, "x"}, Range(0, 1, 1), 1).error, HasSubstr("no JSON"));
}

TEST(PrometheusRange, HugeAndDeepAnswersAreErrors) {
  EXPECT_THAT(ErrorOf(Matrix("") + std::string(kMaxRangeBody, ' ')), HasSubstr("16 MiB"));
  EXPECT_FALSE(ErrorOf(std::string(100'000, '[')).empty());
  EXPECT_FALSE(ErrorOf(Matrix(R"({"metric":{},"values":[],"x":)" + std::string(70, '[') + std::string(70, ']') + "}")).empty());
}

TEST(PrometheusRange, ReadsMegabytesInLinearTime) {
  std::string series;
  while (series.size() < 10'000'000)
    series += R"({"metric":{"a":")" + std::to_string(series.size()) + R"("},"values":[[10,"1"],[20,"2"]]},)";
  series.pop_back();
  const RangeReadings readings = Parse(Matrix(series), Range(10'000, 20'000, 10'000));
  ASSERT_EQ(readings.error, "");
  EXPECT_GT(readings.readings[1].series.size(), 100'000U);
}

/// A list of many objects took minutes.
TEST(PrometheusProvider, ReadsAMegabyteOfEmptySeriesInLinearTime) {
  std::string body = R"({"status":"success","data":{"resultType":"vector","result":[)";
  while (body.size() < 1'000'000) body += "{},";
  body += "{}]}}";
  EXPECT_EQ(PrometheusProvider().Parse({200, {}, body}).kind, Kind::kError);
}

TEST(MetricProvider, WithoutAPastOrHistogramsSaysSo) {
  struct Plain final : MetricProvider {
    [[nodiscard]] base::Result<http::Request> Request(const Query&) const override { return http::Request{}; }
    [[nodiscard]] model::Reading Parse(const http::Response&) const override { return {}; }
  };
  const Plain plain;
  const auto request = plain.RangeRequest(Range(0, 10, 1));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, base::ErrorCode::kInvalid);
  EXPECT_THAT(request.error().message, HasSubstr("cannot be asked about the past"));
  EXPECT_THAT(plain.ParseRange({}, Range(0, 10, 1)).error, HasSubstr("past"));
  EXPECT_THAT(plain.ParseHistogramRange({}, Range(0, 10, 1), 1).error, HasSubstr("past"));
  EXPECT_EQ(plain.ParseHistogram({}, 1).above.kind, Kind::kError);
}

}  // namespace
}  // namespace softmig::providers
