#include "agent/wire/feed.hpp"

#include <gtest/gtest.h>

#include "capture_fixture.hpp"
#include "messages.hpp"

namespace softmig::agent::testing {
namespace {

class FeedTest : public ::testing::Test {
 protected:
  const WatchPlan plan_ = {{MakeComponent("pay", {"pay"})}, {}, {"new"}};
  MemoryBudget budget_{1U << 20U};
  const CaptureLimits limits_;
  Capture capture_{plan_, limits_, budget_};
};

TEST_F(FeedTest, ReadsWhatEnvoyWrites) {
  pb::ProcessingRequest request = RequestHeaders(Get());
  SetAttribute(request, "xds.route_name", "pay");
  SetAttribute(request, "xds.cluster_name", "new");
  EXPECT_EQ(Feed(request, capture_), Want::kMore);
  EXPECT_EQ(Feed(ResponseHeaders(Ok()), capture_), Want::kMore);
  EXPECT_EQ(Feed(ResponseBody("hel", false), capture_), Want::kMore);
  EXPECT_EQ(Feed(ResponseBody("lo", true), capture_), Want::kNothing);
  const CaptureEnd end = capture_.Take();
  EXPECT_EQ(std::get<CapturedExchange>(end).answer.body, "hello");
  EXPECT_EQ(std::get<CapturedExchange>(end).served_by, compare::Side::kTarget);
}

TEST_F(FeedTest, AFilterThatWaitsForAnswersIsLeftAlone) {
  pb::ProcessingRequest request = RequestHeaders(Get());
  request.set_observability_mode(false);
  EXPECT_EQ(Feed(request, capture_), Want::kNothing);
  EXPECT_EQ(std::get<Skip>(capture_.Take()), Skip::kNotObserving);
}

TEST_F(FeedTest, ValuesOfOlderEnvoysAreReadToo) {
  pb::ProcessingRequest request = RequestHeaders({});
  SetAttribute(request, "xds.route_name", "pay");
  for (const auto& [name, value] : Get()) {
    pb::HeaderField& field = *request.mutable_request_headers()->mutable_headers()->add_headers();
    field.set_key(name);
    field.set_value(value);
  }
  EXPECT_EQ(Feed(request, capture_), Want::kMore);
}

TEST_F(FeedTest, MessagesOfAnUnknownKindArePassedOver) {
  EXPECT_EQ(Feed(Observed(), capture_), Want::kMore);
  EXPECT_FALSE(capture_.eligible());
}

}  // namespace
}  // namespace softmig::agent::testing
