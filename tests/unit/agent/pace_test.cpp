#include "agent/serve/pace.hpp"

#include <gtest/gtest.h>

namespace softmig::agent::testing {
namespace {

using namespace std::chrono_literals;

int AdmittedAt(Pace& pace, base::SteadyTime now) {
  int admitted = 0;
  while (pace.Admit(now)) ++admitted;
  return admitted;
}

TEST(Pace, HoldsARateHoweverOftenItIsAsked) {
  Pace pace(1'000);
  base::SteadyTime now{1'000s};
  (void)AdmittedAt(pace, now);
  int admitted = 0;
  for (int i = 0; i < 2'000; ++i) admitted += AdmittedAt(pace, now += 500us);
  EXPECT_EQ(admitted, 1'000);
}

TEST(Pace, LetsNoMoreThroughAtOnceThanComeDueInALittleWhile) {
  Pace pace(1'000);
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{1'000s}), 11);
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{2'000s}), 11) << "however long nothing came";
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{2'000s} + 3ms), 3);
}

TEST(Pace, ASlowOneLetsOneThroughAtATime) {
  Pace pace(1);
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{1'000s}), 1);
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{1'000s} + 500ms), 0);
  EXPECT_EQ(AdmittedAt(pace, base::SteadyTime{1'001s}), 1);
}

}  // namespace
}  // namespace softmig::agent::testing
