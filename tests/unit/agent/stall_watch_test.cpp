#include "agent/serve/stall_watch.hpp"

#include <gtest/gtest.h>

#include "fakes/fake_clock.hpp"

namespace softmig::agent::testing {
namespace {

using namespace std::chrono_literals;

TEST(StallWatch, TicksOnTimeAreNoStall) {
  fakes::FakeClock clock;
  StallWatch stalls(clock);
  EXPECT_FALSE(stalls.HasJustStalled());
  for (int i = 0; i < 20; ++i) {
    clock.Advance(StallWatch::kTick);
    EXPECT_FALSE(stalls.HasJustStalled());
    stalls.Tick();
  }
  clock.Advance(StallWatch::kLongest);  // late, as on a busy machine
  EXPECT_FALSE(stalls.HasJustStalled());
  stalls.Tick();
  EXPECT_FALSE(stalls.HasJustStalled());
}

TEST(StallWatch, SaysSoBeforeTheNextTickAndForALittleWhileAfterIt) {
  fakes::FakeClock clock;
  StallWatch stalls(clock);
  clock.Advance(StallWatch::kLongest + 1ms);
  EXPECT_TRUE(stalls.HasJustStalled());
  stalls.Tick();
  EXPECT_TRUE(stalls.HasJustStalled());
  clock.Advance(StallWatch::kAfter - 1ms);
  stalls.Tick();
  EXPECT_TRUE(stalls.HasJustStalled());
  clock.Advance(1ms);
  EXPECT_FALSE(stalls.HasJustStalled());
  clock.Advance(10s);
  EXPECT_TRUE(stalls.HasJustStalled()) << "and again";
}

}  // namespace
}  // namespace softmig::agent::testing
