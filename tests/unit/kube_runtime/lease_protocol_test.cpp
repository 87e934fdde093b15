#include "kube/runtime/lease_protocol.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_lease_api.hpp"
#include "fakes/fake_clock.hpp"
#include "static_token.hpp"

namespace softmig::kube {
namespace {

using Change = LeaseProtocol::Change;
using Mood = FakeLeaseApi::Mood;

class LeaseProtocolTest : public ::testing::Test {
 protected:
  LeaseProtocolTest() {
    config_.server = "https://api";
    config_.token = std::make_shared<FixedToken>();
    client_.emplace(config_, transport_);
    options_.lease = {"ns", "lease"};
    options_.identity = "me";
    protocol_.emplace(options_, *client_, fence_, clock_, *log_);
  }
  Change Tick() {
    outcome_ = protocol_->Tick(std::stop_token());
    return outcome_.change;
  }
  /// Ticks whenever the protocol asks for it until `end`; the last change that came.
  Change RunFor(base::Millis duration) {
    const base::SteadyTime end = clock_.SteadyNow() + duration;
    Change last = Change::kNone;
    while (true) {
      if (const Change change = Tick(); change != Change::kNone) last = change;
      const base::SteadyTime next = std::max(outcome_.next, clock_.SteadyNow() + base::Millis(1));
      if (next > end) break;
      clock_.AdvanceTo(next);
    }
    clock_.AdvanceTo(end);
    return last;
  }
  std::string Holder() { return api_.spec().value("holderIdentity", "?"); }

  fakes::FakeClock clock_;
  FakeLeaseApi api_;
  fakes::FakeTransport transport_{[this](const http::Request& request) { return api_.Answer(request); }};
  ClusterConfig config_;
  std::optional<RestClient> client_;
  Fence fence_{clock_};
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
  LeaseOptions options_;
  std::optional<LeaseProtocol> protocol_;
  LeaseProtocol::Outcome outcome_;
};

TEST_F(LeaseProtocolTest, CreatesAnAbsentLeaseAndLeads) {
  EXPECT_EQ(Tick(), Change::kStarted);
  EXPECT_TRUE(fence_.MayWrite());
  EXPECT_EQ(Holder(), "me");
  EXPECT_EQ(api_.spec()["leaseDurationSeconds"], 6);
  EXPECT_EQ(api_.spec()["leaseTransitions"], 0);
  EXPECT_EQ(api_.spec()["acquireTime"], "2026-01-01T00:00:00.000000Z");
}

TEST_F(LeaseProtocolTest, RenewsEveryRetryAndKeepsTheFenceOpen) {
  Tick();
  EXPECT_EQ(outcome_.next, clock_.SteadyNow() + options_.retry);
  EXPECT_EQ(RunFor(base::Millis(60'000)), Change::kNone);
  EXPECT_TRUE(fence_.MayWrite());
  EXPECT_EQ(api_.writes(), 41);
  EXPECT_EQ(api_.spec()["leaseTransitions"], 0);
  EXPECT_EQ(api_.spec()["acquireTime"], "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(api_.spec()["renewTime"], "2026-01-01T00:01:00.000000Z");
}

TEST_F(LeaseProtocolTest, TakesOverExactlyWhenTheLeaseSeenRunsOut) {
  api_.Put("other", 6);
  EXPECT_EQ(RunFor(base::Millis(5'999)), Change::kNone);
  EXPECT_EQ(Holder(), "other");
  EXPECT_EQ(RunFor(base::Millis(1)), Change::kStarted);
  EXPECT_EQ(Holder(), "me");
  EXPECT_EQ(api_.spec()["leaseTransitions"], 4);
}

TEST_F(LeaseProtocolTest, CountsAnewWithEachRenewalSeen) {
  api_.Put("other", 6);
  RunFor(base::Millis(5'000));
  api_.Put("other", 6);
  protocol_->Observe(api_.lease(), clock_.SteadyNow());
  EXPECT_EQ(RunFor(base::Millis(5'999)), Change::kNone);
  EXPECT_EQ(RunFor(base::Millis(1)), Change::kStarted);
}

TEST_F(LeaseProtocolTest, WaitsForTheHoldersDurationWhereItIsLonger) {
  api_.Put("other", 20);
  EXPECT_EQ(RunFor(base::Millis(19'999)), Change::kNone);
  EXPECT_EQ(RunFor(base::Millis(1)), Change::kStarted);
}

TEST_F(LeaseProtocolTest, TakesAReleasedLeaseAtOnce) {
  api_.Put("", 1);
  EXPECT_EQ(Tick(), Change::kStarted);
  EXPECT_EQ(api_.spec()["leaseTransitions"], 4);
}

TEST_F(LeaseProtocolTest, TakesALeaseThatIsItsOwnAfterARestart) {
  api_.Put("me", 6);
  EXPECT_EQ(Tick(), Change::kStarted);
  EXPECT_EQ(api_.spec()["leaseTransitions"], 3) << "no transition: the holder is the same";
}

TEST_F(LeaseProtocolTest, ClosesTheFenceByItselfWhenRenewalsFail) {
  Tick();
  api_.SetMood(Mood::kBroken);
  clock_.Advance(options_.renew_deadline - base::Millis(1));
  EXPECT_TRUE(fence_.MayWrite());
  clock_.Advance(base::Millis(1));
  EXPECT_FALSE(fence_.MayWrite()) << "whatever the elector's thread does";
  EXPECT_EQ(Tick(), Change::kStopped);
  EXPECT_FALSE(protocol_->leading());
}

TEST_F(LeaseProtocolTest, SurvivesAShortOutage) {
  Tick();
  api_.SetMood(Mood::kBroken);
  EXPECT_EQ(RunFor(base::Millis(3'500)), Change::kNone);
  api_.SetMood(Mood::kFine);
  EXPECT_EQ(RunFor(base::Millis(10'000)), Change::kNone);
  EXPECT_TRUE(fence_.MayWrite());
}

TEST_F(LeaseProtocolTest, TriesAgainWithinTheDeadlineAndStopsBeforeOthersTakeOver) {
  Tick();
  api_.SetMood(Mood::kBroken);
  const std::size_t before = transport_.requests().size();
  EXPECT_EQ(RunFor(options_.renew_deadline), Change::kStopped);
  EXPECT_GT(transport_.requests().size(), before + 5);
  EXPECT_LT(options_.renew_deadline, options_.duration);
}

TEST_F(LeaseProtocolTest, StopsWhereAnotherTookTheLease) {
  Tick();
  api_.Put("other", 6);
  clock_.Advance(options_.retry);
  EXPECT_EQ(Tick(), Change::kStopped);
  EXPECT_FALSE(fence_.MayWrite());
  EXPECT_EQ(RunFor(base::Millis(5'000)), Change::kNone);
  EXPECT_EQ(Holder(), "other");
}

TEST_F(LeaseProtocolTest, GoesOnWhereItsTimedOutRenewalWasAppliedAfterAll) {
  Tick();
  api_.SetMood(Mood::kAppliesButTimesOut);
  clock_.Advance(options_.retry);
  EXPECT_EQ(Tick(), Change::kNone);
  api_.SetMood(Mood::kFine);
  EXPECT_EQ(RunFor(base::Millis(2'000)), Change::kNone);
  EXPECT_TRUE(protocol_->leading());
  EXPECT_TRUE(fence_.MayWrite());
}

TEST_F(LeaseProtocolTest, StopsWhereTheLeaseIsDeletedAndThenCreatesIt) {
  Tick();
  api_.Remove();
  clock_.Advance(options_.retry);
  EXPECT_EQ(Tick(), Change::kStopped);
  EXPECT_EQ(RunFor(base::Millis(2'000)), Change::kStarted);
}

TEST_F(LeaseProtocolTest, OfTwoContendersOneWins) {
  Fence second_fence(clock_);
  LeaseOptions options = options_;
  options.identity = "you";
  LeaseProtocol second(options, *client_, second_fence, clock_, *log_);
  api_.Put("other", 6);
  Tick();
  second.Tick(std::stop_token());
  clock_.Advance(base::Millis(6'000));
  const bool first_won = Tick() == Change::kStarted;
  const bool second_won = second.Tick(std::stop_token()).change == Change::kStarted;
  EXPECT_TRUE(first_won);
  EXPECT_FALSE(second_won);
  EXPECT_EQ(api_.spec()["leaseTransitions"], 4);
  EXPECT_FALSE(second_fence.MayWrite());
}

TEST_F(LeaseProtocolTest, ExtendsTheFenceFromTheStartOfARenewal) {
  const base::SteadyTime start = clock_.SteadyNow();
  bool slow = true;
  fakes::FakeTransport transport([&](const http::Request& request) {
    if (slow && request.method != http::Method::kGet) clock_.Advance(base::Millis(1'000));
    return api_.Answer(request);
  });
  RestClient client(config_, transport);
  LeaseProtocol protocol(options_, client, fence_, clock_, *log_);
  EXPECT_EQ(protocol.Tick(std::stop_token()).change, Change::kStarted);
  clock_.AdvanceTo(start + options_.renew_deadline - base::Millis(1));
  EXPECT_TRUE(fence_.MayWrite());
  clock_.Advance(base::Millis(1));
  EXPECT_FALSE(fence_.MayWrite());
}

TEST_F(LeaseProtocolTest, ReleasesWithAnEmptyHolderAfterClosingTheFence) {
  Tick();
  protocol_->Release(base::Millis(100));
  EXPECT_FALSE(fence_.MayWrite());
  EXPECT_EQ(Holder(), "");
  EXPECT_EQ(api_.spec()["leaseDurationSeconds"], 1);
}

TEST_F(LeaseProtocolTest, AFollowerReleasesNothing) {
  api_.Put("other", 6);
  Tick();
  protocol_->Release(base::Millis(100));
  EXPECT_EQ(Holder(), "other");
}

TEST_F(LeaseProtocolTest, DoesNotClaimWhileItCannotReadTheLease) {
  api_.Put("other", 6);
  api_.SetMood(Mood::kBroken);
  EXPECT_EQ(RunFor(base::Millis(60'000)), Change::kNone);
  api_.SetMood(Mood::kFine);
  EXPECT_EQ(RunFor(base::Millis(3'000)), Change::kNone) << "the time before it saw the lease does not count";
  EXPECT_EQ(Holder(), "other");
}

TEST_F(LeaseProtocolTest, IgnoresAnObservationOlderThanItsOwnRead) {
  api_.Put("other", 6);
  const nlohmann::json old = api_.lease();
  api_.Put("third", 6);
  Tick();
  clock_.Advance(base::Millis(3'000));
  protocol_->Observe(old, clock_.SteadyNow());
  EXPECT_EQ(RunFor(base::Millis(3'000)), Change::kStarted);
}

}  // namespace
}  // namespace softmig::kube
