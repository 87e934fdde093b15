#include "kube/runtime/leader_elector.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "fake_lease_api.hpp"
#include "static_token.hpp"

namespace softmig::kube {
namespace {

class LeaderElectorTest : public ::testing::Test {
 protected:
  LeaderElectorTest() {
    config_.server = "https://api";
    config_.token = std::make_shared<FixedToken>();
    options_.lease = {"ns", "lease"};
    options_.identity = "me";
  }
  LeaderElector::Callbacks Callbacks() {
    return {[this] { Tell(1, fence_.MayWrite()); }, [this] { Tell(-1, fence_.MayWrite()); }};
  }
  void Tell(int change, bool fence_open) {
    const std::lock_guard lock(mutex_);
    (change > 0 ? started_ : stopped_) += 1;
    fence_was_open_ = fence_open;
    changed_.notify_all();
  }
  bool Wait(int started, int stopped) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return started_ >= started && stopped_ >= stopped; });
  }

  base::SystemClock clock_;
  FakeLeaseApi api_;
  fakes::FakeTransport transport_{[this](const http::Request& request) { return api_.Answer(request); }};
  ClusterConfig config_;
  Fence fence_{clock_};
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
  LeaseOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int started_ = 0, stopped_ = 0;
  bool fence_was_open_ = false;
};

TEST_F(LeaderElectorTest, RefusesTimesThatDoNotFit) {
  RestClient client(config_, transport_);
  options_.renew_deadline = options_.duration;
  EXPECT_EQ(LeaderElector::Start(options_, {client, fence_, clock_, *log_}, {}).error().code, base::ErrorCode::kInvalid);
  options_.renew_deadline = options_.retry;
  EXPECT_EQ(LeaderElector::Start(options_, {client, fence_, clock_, *log_}, {}).error().code, base::ErrorCode::kInvalid);
}

TEST_F(LeaderElectorTest, StartsWithAnOpenFenceAndGivesTheLeaseBackAtItsEnd) {
  RestClient client(config_, transport_);
  {
    const auto elector = LeaderElector::Start(options_, {client, fence_, clock_, *log_}, Callbacks());
    ASSERT_TRUE(elector);
    ASSERT_TRUE(Wait(1, 0));
    EXPECT_TRUE(fence_was_open_);
    EXPECT_TRUE((*elector)->leading());
  }
  EXPECT_EQ(api_.spec()["holderIdentity"], "");
  EXPECT_EQ(stopped_, 1);
  EXPECT_FALSE(fence_was_open_) << "the fence is closed before on_stopped";
  EXPECT_FALSE(fence_.MayWrite());
}

TEST_F(LeaderElectorTest, AFollowerTakesOverAsSoonAsItsWatchSeesTheRelease) {
  api_.Put("other", 3'600);
  options_.retry = base::Millis(600'000);  // so that only the watch can tell
  options_.renew_deadline = base::Millis(1'200'000);
  options_.duration = base::Millis(1'300'000);
  RestClient client(config_, transport_);
  const auto elector = LeaderElector::Start(options_, {client, fence_, clock_, *log_}, Callbacks());
  ASSERT_TRUE(elector);
  const auto stream = transport_.WaitForStream(0);
  ASSERT_NE(stream, nullptr);
  EXPECT_NE(stream->request().url.find("fieldSelector=metadata.name%3Dlease"), std::string::npos);
  api_.Put("", 1);
  stream->SendStatus(200);
  stream->SendChunk(nlohmann::json({{"type", "MODIFIED"}, {"object", api_.lease()}}).dump() + "\n");
  EXPECT_TRUE(Wait(1, 0));
  EXPECT_TRUE(stream->WaitUntilClosed()) << "a leader needs no watch";
}

TEST_F(LeaderElectorTest, EndsWithinASecondThoughThePeerIsDead) {
  RestClient client(config_, transport_);
  auto elector = LeaderElector::Start(options_, {client, fence_, clock_, *log_}, Callbacks());
  ASSERT_TRUE(elector);
  ASSERT_TRUE(Wait(1, 0));
  api_.SetMood(FakeLeaseApi::Mood::kDead);
  const std::size_t sent = transport_.requests().size();
  ASSERT_TRUE(transport_.WaitForRequests(sent + 1)) << "a renewal that nobody answers";
  elector->reset();
  EXPECT_EQ(stopped_, 1);
}

}  // namespace
}  // namespace softmig::kube
