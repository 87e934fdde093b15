// What the threads of copies, of the transport and of the judge share, with threads of the test in their place: ThreadSanitizer knows
// nothing of locks inside Debian's gRPC (tests/tsan.supp), so what is called from there it cannot judge.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "agent/serve/judge_thread.hpp"
#include "agent/serve/replayer.hpp"
#include "capture_fixture.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_transport.hpp"

namespace softmig::agent::testing {
namespace {

using nlohmann::json;

constexpr int kThreads = 4;
constexpr int kEach = 200;

template <typename Work>
void InThreads(const Work& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
}

int SumOf(const json& counts) {
  int sum = 0;
  for (const auto& [name, count] : counts.items()) sum += count.get<int>();
  return sum;
}

TEST(AgentThreads, EveryExchangeOfEveryThreadIsCountedOnce) {
  const WatchPlan plan = OneComponent();
  const fakes::FakeClock clock;
  MemoryBudget budget(1U << 22U);
  Tally tally("epoch-1", plan, *compare::ValueDigest::Make("0123456789abcdef"), clock);
  fakes::FakeTransport transport(
      [](const http::Request&) { return http::Response{200, {{"content-type", "application/json"}}, R"({"a":2})"}; });
  {
    JudgeThread judge(plan, tally, clock, 100);
    Replayer replayer(transport, plan, clock, {{"http://legacy:1", "http://target:2"}}, [&](CapturedExchange exchange, Reply reply) {
      if (reply) return judge.Submit(std::move(exchange), std::move(*reply));
      tally.CountUnasked(exchange, reply.error());
    });
    InThreads([&] {
      for (int i = 0; i < kEach; ++i) {
        tally.CountOpened();
        tally.CountEligible(0);
        CapturedExchange exchange{0,
                                  compare::Side::kLegacy,
                                  {http::Method::kGet, "pay.example.com", "/p", {}, ""},
                                  {200, {{"content-type", "application/json"}}, R"({"a":1})", false, {}},
                                  Reservation(budget)};
        if (const auto refused = replayer.Submit(exchange)) tally.CountUnasked(exchange, *refused);
        if (i % 50 == 0) (void)tally.DifferencesJson();
      }
    });
    replayer.Stop();
  }
  const json counts = tally.CountsJson();
  const json& component = counts["components"][0];
  EXPECT_EQ(counts["streams"]["opened"], kThreads * kEach);
  EXPECT_EQ(component["eligible"], kThreads * kEach);
  EXPECT_EQ(SumOf(component["verdicts"]), kThreads * kEach) << counts.dump();
  EXPECT_GT(component["verdicts"]["differs"], 0);
  EXPECT_EQ(budget.used(), 0U);
}

TEST(AgentThreads, MemoryIsNeverGivenTwice) {
  constexpr std::size_t kPart = 1U << 10U;
  MemoryBudget budget(kPart * kThreads / 2);
  InThreads([&] {
    for (int i = 0; i < kEach; ++i) {
      if (!budget.Take(kPart)) continue;
      EXPECT_LE(budget.used(), budget.limit());
      budget.Give(kPart);
    }
  });
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace softmig::agent::testing
