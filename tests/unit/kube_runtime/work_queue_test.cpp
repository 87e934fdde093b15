#include "kube/runtime/work_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "fakes/fake_clock.hpp"

namespace softmig::kube {
namespace {

const ObjectKey kA{"ns", "a"}, kB{"ns", "b"}, kC{"ns", "c"};

class WorkQueueTest : public ::testing::Test {
 protected:
  std::string Next(Lane lane = Lane::kOrdinary) {
    const auto key = queue_.TryTake(lane);
    return key ? key->name : "";
  }
  fakes::FakeClock clock_;
  WorkQueue queue_{clock_};
};

TEST_F(WorkQueueTest, HandsKeysOutInOrderAndMergesWaitingOnes) {
  queue_.Add(kA, Lane::kOrdinary);
  queue_.Add(kB, Lane::kOrdinary);
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(), "a");
  EXPECT_EQ(Next(), "b");
  EXPECT_EQ(Next(), "");
  EXPECT_EQ(queue_.Stats().adds, 2U);
}

TEST_F(WorkQueueTest, ReAddWhileProcessingRunsAgainAfterDone) {
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(), "a");
  queue_.Add(kA, Lane::kOrdinary);
  queue_.Add(kA, Lane::kSafety);
  EXPECT_EQ(Next(), "") << "one key is never with two workers";
  queue_.Done(kA);
  EXPECT_EQ(Next(Lane::kSafety), "a") << "the safer lane wins";
  queue_.Done(kA);
  EXPECT_EQ(Next(), "");
}

TEST_F(WorkQueueTest, SafetyWorkersTakeOnlySafetyKeysAndOthersTakeThemFirst) {
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(Lane::kSafety), "");
  queue_.Add(kB, Lane::kSafety);
  EXPECT_EQ(Next(Lane::kOrdinary), "b");
  EXPECT_EQ(Next(Lane::kOrdinary), "a");
}

TEST_F(WorkQueueTest, WaitingKeyMovesToTheSaferLane) {
  queue_.Add(kA, Lane::kOrdinary);
  queue_.Add(kA, Lane::kSafety);
  EXPECT_EQ(Next(Lane::kSafety), "a");
  queue_.Done(kA);
  EXPECT_EQ(Next(), "");
}

TEST_F(WorkQueueTest, KeepsTheEarliestOfSeveralTimes) {
  queue_.AddAfter(kA, Lane::kOrdinary, base::Millis(500));
  queue_.AddAfter(kA, Lane::kSafety, base::Millis(100));
  queue_.AddAfter(kA, Lane::kOrdinary, base::Millis(900));
  EXPECT_EQ(queue_.NextDue(), clock_.SteadyNow() + base::Millis(100));
  clock_.Advance(base::Millis(99));
  EXPECT_EQ(Next(), "");
  clock_.Advance(base::Millis(1));
  EXPECT_EQ(Next(Lane::kSafety), "a");
  queue_.Done(kA);
  clock_.Advance(base::Millis(10'000));
  EXPECT_EQ(Next(), "") << "the later times are gone";
}

TEST_F(WorkQueueTest, PlainAddOvertakesATimer) {
  queue_.AddAfter(kA, Lane::kSafety, base::Millis(500));
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(Lane::kSafety), "a");
  queue_.Done(kA);
  EXPECT_FALSE(queue_.NextDue());
}

TEST_F(WorkQueueTest, TimerThatFiresDuringWorkRunsAgainAfterDone) {
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(), "a");
  queue_.AddAfter(kA, Lane::kOrdinary, base::Millis(5));
  clock_.Advance(base::Millis(5));
  EXPECT_EQ(Next(), "");
  queue_.Done(kA);
  EXPECT_EQ(Next(), "a");
}

TEST_F(WorkQueueTest, TimerSetDuringWorkOutlivesDone) {
  queue_.Add(kA, Lane::kOrdinary);
  EXPECT_EQ(Next(), "a");
  queue_.AddAfter(kA, Lane::kOrdinary, base::Millis(5));
  queue_.Done(kA);
  EXPECT_EQ(Next(), "");
  clock_.Advance(base::Millis(5));
  EXPECT_EQ(Next(), "a");
}

TEST_F(WorkQueueTest, BacksOffByPowersOfTwoUpToTheLanesCapUntilForgotten) {
  for (int expected : {5, 10, 20, 40, 80, 160, 320, 640, 1'000, 1'000}) {
    queue_.AddRateLimited(kA, Lane::kSafety);
    EXPECT_EQ(queue_.NextDue(), clock_.SteadyNow() + base::Millis(expected));
    clock_.Advance(base::Millis(expected));
    ASSERT_EQ(Next(Lane::kSafety), "a");
    queue_.Done(kA);
  }
  for (int i = 0; i < 200; ++i) queue_.AddRateLimited(kB, Lane::kOrdinary);
  queue_.Forget(kA);
  queue_.AddRateLimited(kA, Lane::kOrdinary);
  EXPECT_EQ(queue_.NextDue(), clock_.SteadyNow() + base::Millis(5));
  EXPECT_EQ(queue_.Stats().retries, 211U);
}

TEST_F(WorkQueueTest, MeasuresWaitingAndWorking) {
  queue_.Add(kA, Lane::kOrdinary);
  clock_.Advance(base::Millis(2'000));
  EXPECT_EQ(queue_.Stats().depth, 1U);
  EXPECT_EQ(Next(), "a");
  clock_.Advance(base::Millis(3'000));
  EXPECT_DOUBLE_EQ(queue_.Stats().longest_running_seconds, 3);
  EXPECT_DOUBLE_EQ(queue_.Stats().unfinished_seconds, 3);
  queue_.Done(kA);
  const QueueStats stats = queue_.Stats();
  EXPECT_DOUBLE_EQ(stats.queue_seconds_sum, 2);
  EXPECT_DOUBLE_EQ(stats.work_seconds_sum, 3);
  EXPECT_EQ(stats.work_count, 1U);
  EXPECT_EQ(stats.depth, 0U);
}

TEST_F(WorkQueueTest, TakeEndsWithStopOrShutDownWhateverTheClockSays) {
  queue_.AddAfter(kA, Lane::kOrdinary, base::Millis(1'000'000));
  {
    std::jthread worker([this](const std::stop_token& stop) { EXPECT_FALSE(queue_.Take(Lane::kOrdinary, stop)); });
  }
  std::jthread worker([this] { EXPECT_FALSE(queue_.Take(Lane::kSafety, std::stop_token())); });
  queue_.ShutDown();
  worker.join();
  queue_.Add(kB, Lane::kOrdinary);
  EXPECT_EQ(Next(), "");
}

TEST(WorkQueue, NeverGivesOneKeyToTwoWorkersAndLosesNone) {
  const base::SystemClock clock;
  WorkQueue queue(clock);
  std::atomic<int> working[3] = {0, 0, 0};
  std::atomic<bool> twice{false};
  std::atomic<int> versions[3] = {0, 0, 0};
  std::atomic<int> handled[3] = {0, 0, 0};
  const ObjectKey keys[3] = {kA, kB, kC};
  const auto work = [&](Lane lane, const std::stop_token& stop) {
    while (const auto key = queue.Take(lane, stop)) {
      const auto i = static_cast<std::size_t>(key->name[0] - 'a');
      if (working[i].fetch_add(1) != 0) twice = true;
      handled[i] = versions[i].load();
      working[i].fetch_sub(1);
      queue.Done(*key);
    }
  };
  std::vector<std::jthread> threads;
  for (Lane lane : {Lane::kOrdinary, Lane::kOrdinary, Lane::kSafety}) {
    threads.emplace_back([&work, lane](const std::stop_token& stop) { work(lane, stop); });
  }
  for (int n = 0; n < 3'000; ++n) {
    const auto i = static_cast<std::size_t>(n % 3);
    ++versions[i];
    if (n % 5 == 0) {
      queue.AddAfter(keys[i], Lane::kOrdinary, base::Millis(1));
    } else {
      queue.Add(keys[i], n % 2 == 0 ? Lane::kOrdinary : Lane::kSafety);
    }
  }
  const auto settled = [&] {
    for (std::size_t i = 0; i < 3; ++i) {
      if (handled[i] != versions[i]) return false;
    }
    return true;
  };
  for (const auto end = clock.SteadyNow() + std::chrono::seconds(20); !settled() && clock.SteadyNow() < end;) std::this_thread::yield();
  EXPECT_TRUE(settled()) << "the last change of every key is looked at";
  EXPECT_FALSE(twice);
}

}  // namespace
}  // namespace softmig::kube
