#include "agent/capture/control.hpp"

#include <gtest/gtest.h>

#include "agent/serve/breaker.hpp"
#include "fakes/fake_clock.hpp"

namespace softmig::agent::testing {
namespace {

int Picked(ControlPicker& picker, int requests) {
  int picked = 0;
  for (int i = 0; i < requests; ++i) picked += picker.Pick(0) ? 1 : 0;
  return picked;
}

TEST(ControlPicker, PicksTheFirstOnesAndThenTheShare) {
  ControlPicker picker(2, 10, 7);
  const int first = static_cast<int>(ControlPicker::kFirst);
  EXPECT_EQ(Picked(picker, first), first);
  EXPECT_NEAR(Picked(picker, 100'000), 10'000, 500);
  EXPECT_TRUE(picker.Pick(1)) << "each component has its own first ones";
}

TEST(ControlPicker, PicksNothingAtAllAt0AndEverythingAt100) {
  ControlPicker never(1, 0, 7);
  EXPECT_EQ(Picked(never, 1'000), 0);
  ControlPicker always(1, 100, 7);
  EXPECT_EQ(Picked(always, 1'000), 1'000);
}

TEST(ControlOf, AsksTheSameAgainAndHasMemoryOfItsOwn) {
  MemoryBudget budget(1'000);
  CapturedExchange exchange{3, compare::Side::kTarget, {http::Method::kGet, "a", "/p", {}, ""}, {}, Reservation(budget)};
  ASSERT_TRUE(exchange.memory.Grow(300));
  const compare::Answer legacys{200, {}, std::string(100, 'x'), false, {}};
  auto control = ControlOf(exchange, legacys);
  ASSERT_TRUE(control);
  EXPECT_TRUE(control->is_control);
  EXPECT_EQ(control->component, 3U);
  EXPECT_EQ(control->served_by, compare::Side::kLegacy);
  EXPECT_EQ(control->request.target, "/p");
  EXPECT_EQ(control->answer.body, legacys.body);
  EXPECT_EQ(budget.used(), 700U);
  EXPECT_FALSE(ControlOf(exchange, legacys)) << "there is no room for another";
  EXPECT_EQ(budget.used(), 700U);
  control.reset();
  EXPECT_EQ(budget.used(), 300U);
}

TEST(Breaker, OpensAfterManyFailuresInARowAndLetsProbesThrough) {
  fakes::FakeClock clock;
  Breaker breaker;
  for (int i = 1; i < Breaker::kFailures; ++i) breaker.Note(true);
  breaker.Note(false);
  for (int i = 1; i < Breaker::kFailures; ++i) breaker.Note(true);
  EXPECT_FALSE(breaker.is_open()) << "not in a row";
  EXPECT_TRUE(breaker.Admit(clock.SteadyNow()));
  breaker.Note(true);
  EXPECT_TRUE(breaker.is_open());
  int probes = 0;
  for (int i = 0; i < 1'000; ++i) {
    probes += breaker.Admit(clock.SteadyNow()) ? 1 : 0;
    clock.Advance(base::Millis(1));
  }
  EXPECT_EQ(probes, 5) << "a second's";
  breaker.Note(true);
  EXPECT_TRUE(breaker.is_open());
  breaker.Note(false);
  EXPECT_FALSE(breaker.is_open());
}

}  // namespace
}  // namespace softmig::agent::testing
