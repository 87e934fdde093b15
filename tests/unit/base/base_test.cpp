#include <gtest/gtest.h>

#include "base/backoff.hpp"
#include "base/percent.hpp"
#include "base/result.hpp"
#include "base/time_format.hpp"

namespace softmig::base {
namespace {

using namespace std::chrono_literals;

WallTime At(long long ms) { return WallTime(Millis(ms)); }

TEST(Rfc3339, FormatsSecondsAndShowsMillisecondsOnlyWhereThereAreSome) {
  EXPECT_EQ(FormatRfc3339(At(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(At(1'795'373'400'000)), "2026-11-22T18:50:00Z");
  EXPECT_EQ(FormatRfc3339(At(1'795'373'400'007)), "2026-11-22T18:50:00.007Z");
  EXPECT_EQ(FormatMicroTime(At(1'795'373'400'007)), "2026-11-22T18:50:00.007000Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
  for (const long long ms : {0LL, 1LL, 999LL, 951'782'400'000LL, 1'795'373'400'123LL, 4'102'444'799'999LL}) {
    const auto read = ParseRfc3339(FormatRfc3339(At(ms)));
    ASSERT_TRUE(read.has_value()) << ms;
    EXPECT_EQ(*read, At(ms));
  }
}

TEST(Rfc3339, ReadsZonesAndAnyFraction) {
  EXPECT_EQ(ParseRfc3339("2026-11-22T20:50:00+02:00").value(), At(1'795'373'400'000));
  EXPECT_EQ(ParseRfc3339("2026-11-22T13:20:00.5-05:30").value(), At(1'795'373'400'500));
  EXPECT_EQ(ParseRfc3339("2026-11-22T18:50:00.123456789Z").value(), At(1'795'373'400'123));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"", "now", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
                           "2026-11-22T18:50:00", "2026-11-22T18:50:00ZZ", "2026-11-22T-1:50:00Z", "2026-11-22T18:50:00+2:00"}) {
    const auto read = ParseRfc3339(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
  }
}

TEST(Duration, ReadsGoTexts) {
  EXPECT_EQ(ParseDuration("0").value(), 0ms);
  EXPECT_EQ(ParseDuration("90s").value(), 90s);
  EXPECT_EQ(ParseDuration("1h30m").value(), 90min);
  EXPECT_EQ(ParseDuration("1.5s").value(), 1500ms);
  EXPECT_EQ(ParseDuration("250ms").value(), 250ms);
  EXPECT_EQ(ParseDuration("2160h").value(), 2160h);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5d", "1h-5m", "nan", "inf", "1e300h", "9999999h", "1h30"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(Duration, FormatsTheShortestTextThatReadsBack) {
  EXPECT_EQ(FormatDuration(0ms), "0s");
  EXPECT_EQ(FormatDuration(90min), "1h30m");
  EXPECT_EQ(FormatDuration(1250ms), "1s250ms");
  for (const auto duration : {1ms, 999ms, 61'001ms, 86'400'000ms}) EXPECT_EQ(ParseDuration(FormatDuration(duration)).value(), duration);
}

TEST(Percent, IsMadeOnlyOfWholeNumbersFromZeroToHundred) {
  EXPECT_FALSE(Percent::Make(-1).has_value());
  EXPECT_FALSE(Percent::Make(101).has_value());
  EXPECT_EQ(Percent::Make(100)->value(), 100);
}

TEST(WeightSplit, SumsToHundred) {
  for (int target = 0; target <= 100; ++target) {
    const WeightSplit split(Percent::Of(target));
    EXPECT_EQ(split.target().value() + split.legacy().value(), 100);
  }
}

TEST(Backoff, DoublesUpToTheCap) {
  EXPECT_EQ(ExponentialBackoff(0, 5ms, 1s), 0ms);
  EXPECT_EQ(ExponentialBackoff(1, 5ms, 1s), 5ms);
  EXPECT_EQ(ExponentialBackoff(4, 5ms, 1s), 40ms);
  EXPECT_EQ(ExponentialBackoff(4'000'000'000U, 5ms, 1s), 1s);
}

TEST(Backoff, JitterStaysWithinTwiceTheDelay) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Millis delay = Jitter(100ms, seed);
    EXPECT_GE(delay, 100ms);
    EXPECT_LE(delay, 200ms);
  }
}

TEST(Error, WrapsWithWhatWasAttemptedAndKeepsTheCode) {
  const Error inner{ErrorCode::kConflict, "the object was changed", 409, std::nullopt};
  const Error outer = inner.Wrap("record status");
  EXPECT_EQ(outer.ToString(), "Conflict: record status: the object was changed");
  EXPECT_EQ(outer.http_status, 409);
}

}  // namespace
}  // namespace softmig::base
