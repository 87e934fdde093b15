#include "providers/prometheus/prometheus_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace softmig::providers {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = model::Reading::Kind;

const base::WallTime kAt{std::chrono::milliseconds(1'700'000'000'012)};

http::Request RequestOf(const std::string& address, const std::string& text) {
  auto request = PrometheusProvider().Request({address, text, kAt});
  EXPECT_TRUE(request);
  return request.value_or(http::Request{});
}

model::Reading Parse(const std::string& body, int status = 200) { return PrometheusProvider().Parse({status, {}, body}); }

std::string Data(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}
model::Reading ParsePoint(const std::string& number) { return Parse(Data("vector", R"([{"metric":{},"value":[1,")" + number + R"("]}])")); }

TEST(PrometheusProvider, AsksByGetWithQueryAndTime) {
  const http::Request request = RequestOf("http://prometheus:9090", R"(sum(rate(x{a="b"}[1m])))");
  EXPECT_EQ(request.method, http::Method::kGet);
  EXPECT_EQ(request.url,
            "http://prometheus:9090/api/v1/query?query=sum%28rate%28x%7Ba%3D%22b%22%7D%5B1m%5D%29%29&time=1700000000.012&nocache=1");
  EXPECT_EQ(http::Find(request.headers, "accept"), "application/json");
}

TEST(PrometheusProvider, KeepsThePrefixOfTheAddress) {
  EXPECT_THAT(RequestOf("https://h/prom/", "up").url, StartsWith("https://h/prom/api/v1/query?query=up"));
}

TEST(PrometheusProvider, LongQueriesGoByPost) {
  const http::Request request = RequestOf("http://h:9090", std::string(2000, '{'));
  EXPECT_EQ(request.method, http::Method::kPost);
  EXPECT_EQ(request.url, "http://h:9090/api/v1/query");
  EXPECT_THAT(request.body, StartsWith("query=%7B%7B"));
  EXPECT_THAT(request.body, HasSubstr("&time=1700000000.012&nocache=1"));
  EXPECT_EQ(http::Find(request.headers, "content-type"), "application/x-www-form-urlencoded");
}

TEST(PrometheusProvider, ReadsAVectorOfOneAndAScalar) {
  EXPECT_EQ(ParsePoint("0.0123").number, 0.0123);
  EXPECT_EQ(ParsePoint("1e3").number, 1000);
  EXPECT_EQ(ParsePoint("-4").number, -4);
  EXPECT_EQ(Parse(Data("scalar", R"([1,"42"])")), (model::Reading{Kind::kNumber, 42, ""}));
}

TEST(PrometheusProvider, NoSeriesIsNoData) { EXPECT_EQ(Parse(Data("vector", "[]")), (model::Reading{Kind::kNoData, 0, ""})); }

TEST(PrometheusProvider, SeveralSeriesKeepApartByTheirLabels) {
  const model::Reading reading = Parse(
      Data("vector", R"([{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"2"]},{"metric":{},"value":[1,"3"]}])"));
  ASSERT_EQ(reading.kind, Kind::kSeries);
  ASSERT_EQ(reading.series.size(), 3U);
  EXPECT_NE(reading.series[0].id, reading.series[1].id);
  EXPECT_EQ(reading.series[2], (model::SeriesPoint{0, 3}));
  const model::Reading again = Parse(Data("vector", R"([{"metric":{"pod":"b"},"value":[9,"7"]}])"));
  EXPECT_EQ(again.kind, Kind::kNumber);
  EXPECT_EQ(again.id, reading.series[1].id);
}

TEST(PrometheusProvider, ASeriesTwiceOrWithoutANumberSpoilsTheAnswer) {
  EXPECT_EQ(Parse(Data("vector", R"([{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"2"]}])")).kind, Kind::kError);
  EXPECT_EQ(Parse(Data("vector", R"([{"metric":{},"value":[1,"1"]},{"metric":{"a":"b"},"value":[1,"NaN"]}])")).kind, Kind::kNaN);
}

TEST(PrometheusProvider, NaNAndInfinityAreNoNumbers) {
  EXPECT_EQ(ParsePoint("NaN").kind, Kind::kNaN);
  for (const char* text : {"+Inf", "-Inf", "inf", "1e999", "", " 1", "1 ", "0x10", "one", "+", "nan"})
    EXPECT_EQ(ParsePoint(text).kind, Kind::kError) << text;
}

TEST(PrometheusProvider, PassesTheServersWordsOn) {
  const model::Reading reading =
      Parse(R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error"})", 400);
  EXPECT_EQ(reading.message, R"(bad_data: invalid parameter "query": 1:5: parse error)");
  EXPECT_EQ(Parse("upstream connect error\n", 503).message, "HTTP 503: upstream connect error ");
  EXPECT_EQ(Parse("", 502).message, "HTTP 502");
}

TEST(PrometheusProvider, CutsWordsAtACharactersEnd) {
  std::string error;
  while (error.size() < 600) error += "\xC3\xBC";
  const std::string message = Parse(R"({"status":"error","errorType":"x","error":")" + error + "\"}", 422).message;
  EXPECT_LE(message.size(), 256U);
  EXPECT_GE(message.size(), 250U);
  EXPECT_EQ(static_cast<unsigned char>(message.back()), 0xBC);
}

TEST(PrometheusProvider, OtherShapesAreErrors) {
  for (const std::string& body :
       {std::string("<html>"), std::string("[]"), std::string("{}"), std::string(R"({"status":"success"})"), Data("matrix", "[]"),
        Data("string", R"([1,"x"])"), Data("vector", "{}"), Data("vector", "[1]"), Data("vector", R"([{"value":[1]}])"),
        Data("vector", R"([{"value":[1,2]}])"), Data("vector", R"([{"histogram":[1,{}]}])"), Data("scalar", "[]"), Data("", "[]"),
        std::string(R"({"status":"success","data":[]})")}) {
    const model::Reading reading = Parse(body);
    EXPECT_EQ(reading.kind, Kind::kError) << body;
    EXPECT_FALSE(reading.message.empty());
  }
}

TEST(PrometheusProvider, NestingHasALimit) {
  const auto nested = [](int depth) {
    return R"({"status":"success","x":)" + std::string(depth, '[') + std::string(depth, ']') +
           R"(,"data":{"resultType":"vector","result":[]}})";
  };
  EXPECT_EQ(Parse(nested(50)).kind, Kind::kNoData);
  EXPECT_EQ(Parse(nested(80)).kind, Kind::kError);
}

}  // namespace
}  // namespace softmig::providers
