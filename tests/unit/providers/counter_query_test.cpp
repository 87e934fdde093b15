#include "providers/counter_query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace softmig::providers {
namespace {

using ::testing::HasSubstr;

TEST(NotACounter, LetsCountersPass) {
  for (const char* query : {
           "requests_total",
           R"q(requests_total{code=~"5..",component="refunds"})q",
           R"q(sum(requests_total{code=~"5.."}))q",
           R"q(sum by (pod) (requests_total{code=~"5.."}) or vector(0))q",
           R"q(sum without (instance) (a_total) + on (pod) group_left b_total * 2 - 1e3 / 4)q",
           R"q(label_replace(requests_total, "a", "$1", "b", "(.*)"))q",
           R"q({__name__="requests_total"} offset 5m)q",
           R"q({"requests.total", code="500"})q",
           "job:requests:total",
           "histogram_count(latency_seconds)",
           "",
       }) {
    EXPECT_EQ(NotACounter(query), std::nullopt) << query;
  }
}

TEST(NotACounter, IsNotFooledByNamesStringsAndComments) {
  for (const char* query : {
           "rate_limited_total",
           "my_increase_total{}",
           "rate{code=\"500\"}",
           "rate",
           "avg + max_over_time",
           "sum(rate) by (rate, avg, increase)",
           "sum by (rate) (x_total)",
           "sum without(max)(x_total)",
           "x_total and on (avg) y_total",
           R"q(x_total{path="rate(x[5m])"})q",
           R"q(x_total{path='rate(x[5m])', other=`avg by (x) [1m]`})q",
           R"q(x_total{path="quote \" rate(x[5m])"})q",
           R"q(label_replace(x_total, "a", "rate(b)", "c", "[0-9]+"))q",
           "x_total # rate(x_total[5m])\n + y_total",
           "x_total{a=\"b\" # \" } rate(x[1m]) {\n}",
           "2*x_total # avg(",
           "x:rate + rate5m_total",
           "{{component}}_total{a=\"{{name}}\"}",
           "`rate(x[5m])",
       }) {
    EXPECT_EQ(NotACounter(query), std::nullopt) << query;
  }
}

TEST(NotACounter, RefusesWhatIsTakenOverARange) {
  for (const std::string function :
       {"rate", "irate", "increase", "delta", "idelta", "deriv", "sum_over_time", "max_over_time", "count_over_time", "predict_linear",
        "changes", "resets", "holt_winters", "increase_pure", "rollup_rate"}) {
    for (const std::string& query :
         {function + "(x_total[5m])", "sum(" + function + "(x_total{a=\"b\"}[1m]))", function + " \n# why\n (x_total[5m])",
          "1e3*" + function + "(x_total)", "sum(a_total)/" + function + "(x[1m])"}) {
      const auto reason = NotACounter(query);
      ASSERT_TRUE(reason) << query;
      EXPECT_THAT(*reason, HasSubstr(function + "() gives no counts")) << query;
      EXPECT_THAT(*reason, HasSubstr("write the counter itself")) << query;
    }
  }
  EXPECT_THAT(NotACounter("histogram_quantile(0.99, x_bucket)").value_or(""), HasSubstr("histogram_quantile()"));
}

TEST(NotACounter, RefusesRangesAndSubqueriesOfAnything) {
  for (const char* query : {"x_total[5m]", "last(x_total{a=\"]\"}[5m:1m])", "x_total{a=\"b\"} # [\n [5m]", "anything_new(x_total[1m])"}) {
    EXPECT_THAT(NotACounter(query).value_or(""), HasSubstr("a range […]")) << query;
  }
}

TEST(NotACounter, RefusesAggregationsThatDoNotGrow) {
  for (const std::string name :
       {"avg", "min", "max", "stddev", "stdvar", "quantile", "count", "count_values", "group", "topk", "bottomk"}) {
    for (const std::string& query :
         {name + "(x_total)", name + " by (a) (x_total)", name + " without(a)(x_total)", "sum(x) / " + name + "\n(y)"}) {
      EXPECT_THAT(NotACounter(query).value_or(""), HasSubstr(name + "() does not grow")) << query;
    }
  }
  EXPECT_THAT(NotACounter("AVG BY (a) (x_total)").value_or(""), HasSubstr("avg()"));
  EXPECT_TRUE(NotACounter("MAX(x_total)"));
}

TEST(NotACounter, ReasonsAreOneShortLine) {
  for (const std::string& query : {"a" + std::string(5000, 'b') + "_over_time(x)", std::string("max(x)"), std::string("rate(x[1m])")}) {
    const auto reason = NotACounter(query);
    ASSERT_TRUE(reason);
    EXPECT_LT(reason->size(), 320U);
    EXPECT_EQ(reason->find('\n'), std::string::npos);
  }
}

/// Parts of queries that are harmless each, whatever stands around them.
const std::vector<std::string>& HarmlessParts() {
  static const std::vector<std::string> kParts{"rate_limited_total",
                                               "sum by (rate, avg) (x_total)",
                                               R"q(x_total{a="rate(x[5m])"})q",
                                               "vector(0)",
                                               "12.5",
                                               "\n# increase(x[1m])\n(3)",
                                               R"q(y{b='max by (x)'} offset 5m)q",
                                               "sum(increase)",
                                               "histogram_count(h)",
                                               "(a_total)"};
  return kParts;
}

RC_GTEST_PROP(NotACounterProperty, OneBadPartAnywhereIsFound, ()) {
  const std::vector<std::string> bad{"rate(x[5m])", "x_total[1m]", "avg by (a) (x_total)", "max(x_total)",
                                     "quantile_over_time(0.9, x[1m])"};
  const int parts = *rc::gen::inRange(0, 8);
  const int place = *rc::gen::inRange(-1, parts + 1);
  const std::string wrong = *rc::gen::elementOf(bad);
  std::string query;
  for (int i = 0; i <= parts; ++i) {
    if (i > 0) query += *rc::gen::element(std::string(" + "), std::string(" or "), std::string("/"), std::string("\n-\t"));
    query += i == place ? wrong : *rc::gen::elementOf(HarmlessParts());
  }
  RC_ASSERT(NotACounter(query).has_value() == (place >= 0));
}

RC_GTEST_PROP(NotACounterProperty, AnyBytesGiveAnAnswer, (const std::string& noise)) {
  const auto reason = NotACounter(noise);
  RC_ASSERT(!reason || reason->size() < 320U);
  // Whatever is in a comment or in a raw string does not matter.
  std::string line;
  for (const char c : noise) line += c == '\n' || c == '`' ? ' ' : c;
  RC_ASSERT(!NotACounter("x_total # " + line));
  RC_ASSERT(!NotACounter("x_total{a=`" + line + "`}"));
}

TEST(NotACounter, TakesLinearTime) {
  for (const char* part : {"{", "rate", "\"\\", "(", "#\n", "{#\n", "x{"}) {
    std::string query;
    while (query.size() < 4'000'000) query += part;
    (void)NotACounter(query);  // quadratic time would run into the time limit of the program
  }
}

}  // namespace
}  // namespace softmig::providers
