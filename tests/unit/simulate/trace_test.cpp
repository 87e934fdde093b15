#include "simulate/trace.hpp"

#include <gtest/gtest.h>

namespace softmig::simulate {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Trace, WhatIsNotSetStaysAsItWas) {
  const auto trace =
      Trace::Read("# a comment\ntime, requests , target_bad\n\n0s,50,\n1m,,0.25\r\n2m,80,0\n", {.requests = 1, .legacy_bad = 0.5});
  ASSERT_TRUE(trace) << trace.error().message;
  TraceCursor cursor(*trace, "all", "errors");
  EXPECT_EQ(cursor.At(seconds(0)).requests, 50);
  EXPECT_EQ(cursor.At(seconds(59)).target_bad, 0);
  EXPECT_EQ(cursor.At(minutes(1)).target_bad, 0.25);
  EXPECT_EQ(cursor.At(minutes(1)).requests, 50);
  EXPECT_EQ(cursor.At(minutes(9)).requests, 80);
  EXPECT_EQ(cursor.At(minutes(9)).legacy_bad, 0.5);
  EXPECT_EQ(trace->NextAfter(seconds(0)), minutes(1));
  EXPECT_EQ(trace->NextAfter(minutes(2)), std::nullopt);
}

TEST(Trace, RowsMayBeAboutOneComponentOrMetric) {
  const auto trace = Trace::Read("time,component,metric,value,target_bad\n0s,refunds,,,0.1\n0s,,latency,0.3,\n", {});
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(TraceCursor(*trace, "refunds", "errors").At(seconds(0)).target_bad, 0.1);
  EXPECT_EQ(TraceCursor(*trace, "rest", "errors").At(seconds(0)).target_bad, 0);
  EXPECT_EQ(TraceCursor(*trace, "rest", "latency").At(seconds(0)).value, 0.3);
  EXPECT_EQ(TraceCursor(*trace, "rest", "errors").At(seconds(0)).value, std::nullopt);
}

TEST(Trace, TimesOfDayCountFromTheFirstRow) {
  const auto trace = Trace::Read("time,source\n2026-03-01T10:00:00Z,up\n2026-03-01T10:05:00+00:00,down\n", {});
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->rows().at(1).from, minutes(5));
  EXPECT_EQ(trace->rows()[1].source, false);
}

TEST(Trace, AMistakeNamesItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "is empty"},
      {"requests\n1\n", "line 1: the column time is missing"},
      {"time,colour\n", "line 1: no column is called \"colour\""},
      {"time,time\n", "line 1: two columns"},
      {"time,requests\n0s,1\n\n5s,-1\n", "line 4: requests must be"},
      {"time,target_bad\n0s,1.5\n", "line 2: target_bad must be"},
      {"time,value\n0s,nan\n", "line 2: value must be"},
      {"time,source\n0s,yes\n", "line 2: source must be up or down"},
      {"time\nsoon\n", "line 2: time must be"},
      {"time\n5s\n4s\n", "line 3: is earlier"},
      {"time\n5s\n2026-03-01T10:00:00Z\n", "line 3: times must all be"},
      {"time\n5s,1\n", "line 2: has more cells"},
  };
  for (const auto& [csv, wanted] : cases) {
    const auto trace = Trace::Read(csv, {});
    ASSERT_FALSE(trace) << csv;
    EXPECT_TRUE(trace.error().message.starts_with(wanted)) << trace.error().message;
  }
}

}  // namespace
}  // namespace softmig::simulate
