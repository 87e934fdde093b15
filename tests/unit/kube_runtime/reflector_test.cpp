#include "kube/runtime/reflector.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "fakes/fake_transport.hpp"
#include "kube/core/known_types.hpp"
#include "static_token.hpp"

namespace softmig::kube {
namespace {

using fakes::FakeStream;

std::string Event(const std::string& type, const std::string& name, const std::string& version) {
  return R"({"type":")" + type + R"(","object":{"metadata":{"namespace":"ns","name":")" + name + R"(","resourceVersion":")" + version +
         "\"}}}\n";
}

const std::string kEndOfSnapshot =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"50","annotations":{"k8s.io/initial-events-end":"true"}}}})"
    "\n";

/// A store of resourceVersions whose changes a test can wait for.
class ReflectorTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;

  ReflectorTest() {
    config_.server = "https://api";
    config_.token = std::make_shared<FixedToken>();
    options_.type = kServices;
    options_.first_backoff = base::Millis(1);
    options_.max_backoff = base::Millis(2);
  }

  /// Waits until the store holds exactly `names` and is synced.
  bool Holds(const Names& names) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return synced_ > 0 && Sorted() == names; });
  }
  bool SyncedTimes(int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return synced_ >= times; });
  }
  Names Sorted() const {
    Names names;
    for (const ObjectKey& key : store_.Keys()) names.push_back(key.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Forwards to the store and then tells the test.
  class Sink final : public ReflectorSink {
   public:
    explicit Sink(ReflectorTest& test) : test_(test) {}
    void OnRestart() override { test_.store_.OnRestart(); }
    void OnApplied(const nlohmann::json& object) override {
      test_.store_.OnApplied(object);
      Tell(0);
    }
    void OnDeleted(const nlohmann::json& object) override {
      test_.store_.OnDeleted(object);
      Tell(0);
    }
    void OnSynced() override {
      test_.store_.OnSynced();
      Tell(1);
    }

   private:
    void Tell(int synced) {
      const std::lock_guard lock(test_.mutex_);
      test_.synced_ += synced;
      test_.changed_.notify_all();
    }
    ReflectorTest& test_;
  };

  std::shared_ptr<FakeStream> Open(std::size_t index) {
    auto stream = transport_.WaitForStream(index);
    EXPECT_NE(stream, nullptr);
    return stream;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int synced_ = 0;
  Store<std::string> store_{[](const nlohmann::json& object) { return ParseMeta(object).resource_version; }, {}};
  Sink sink_{*this};
  std::function<std::optional<base::Result<http::Response>>(const http::Request&)> respond_ = [](const http::Request&) {
    return std::nullopt;
  };
  fakes::FakeTransport transport_{[this](const http::Request& request) { return respond_(request); }};
  ClusterConfig config_;
  base::SystemClock clock_;
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
  ReflectorOptions options_;
};

TEST_F(ReflectorTest, FollowsTheServerAcrossAGapAndFindsWhatVanishedInIt) {
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const auto first = Open(0);
  EXPECT_EQ(first->idle(), options_.idle);
  first->SendStatus(200);
  first->SendChunk(Event("ADDED", "a", "1") + Event("ADDED", "b", "2"));
  first->SendChunk(kEndOfSnapshot.substr(0, 30));
  first->SendChunk(kEndOfSnapshot.substr(30));
  EXPECT_TRUE(Holds({"a", "b"}));
  first->SendChunk(Event("MODIFIED", "c", "51"));
  EXPECT_TRUE(Holds({"a", "b", "c"}));
  first->SendChunk(R"({"type":"ERROR","object":{"kind":"Status","code":410}})"
                   "\n");
  EXPECT_TRUE(first->WaitUntilClosed());

  const auto second = Open(1);
  EXPECT_NE(second->request().url.find("sendInitialEvents=true"), std::string::npos);
  second->SendStatus(200);
  second->SendChunk(Event("ADDED", "c", "51") + kEndOfSnapshot);
  EXPECT_TRUE(Holds({"c"}));
}

TEST_F(ReflectorTest, WatchesAgainAtTheSameVersionAfterADeadPeer) {
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const auto first = Open(0);
  first->SendStatus(200);
  first->SendChunk(kEndOfSnapshot);
  EXPECT_TRUE(SyncedTimes(1));
  first->SendEnd(base::Fail(base::ErrorCode::kTimeout, "idle"));
  const auto second = Open(1);
  EXPECT_NE(second->request().url.find("resourceVersion=50"), std::string::npos);
}

TEST_F(ReflectorTest, ListsByPagesWhereWatchListIsRefused) {
  respond_ = [](const http::Request& request) {
    const bool first = request.url.find("continue=") == std::string::npos;
    const std::string body = first ? R"({"metadata":{"resourceVersion":"9","continue":"x"},"items":[{"metadata":{"name":"a"}}]})"
                                   : R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"b"}}]})";
    return base::Result<http::Response>(http::Response{200, {}, body});
  };
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const auto first = Open(0);
  first->SendStatus(422);
  first->SendChunk(R"({"kind":"Status","code":422})");
  first->SendEnd();
  EXPECT_TRUE(Holds({"a", "b"}));
  EXPECT_NE(Open(1)->request().url.find("resourceVersion=9"), std::string::npos);
}

TEST_F(ReflectorTest, ReportsObjectsGoneWhenTheirKindIs) {
  respond_ = [](const http::Request&) { return base::Result<http::Response>(http::Response{404, {}, "404 page not found"}); };
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const auto first = Open(0);
  first->SendStatus(200);
  first->SendChunk(Event("ADDED", "a", "1") + kEndOfSnapshot);
  EXPECT_TRUE(Holds({"a"}));
  first->SendEnd();
  const auto second = Open(1);
  second->SendStatus(404);
  second->SendEnd();
  EXPECT_TRUE(Holds({}));
}

TEST_F(ReflectorTest, RelistsWhereAStreamIsUnreadable) {
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const auto first = Open(0);
  first->SendStatus(200);
  first->SendChunk(kEndOfSnapshot + "garbage\n");
  EXPECT_TRUE(first->WaitUntilClosed());
  EXPECT_NE(Open(1)->request().url.find("sendInitialEvents=true"), std::string::npos);
}

TEST_F(ReflectorTest, DropsTheTokenWhereTheStreamIsRefusedWith401) {
  const auto token = std::make_shared<FixedToken>();
  config_.token = token;
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  Open(0)->SendStatus(401);
  Open(0)->SendEnd();
  Open(1);
  EXPECT_EQ(token->drops(), 1);
}

TEST_F(ReflectorTest, EndsAtOnceWhileThePeerIsDeadInAStreamOrAPage) {
  RestClient client(config_, transport_);
  {
    const Reflector reflector(options_, client, sink_, clock_, *log_);
    Open(0);
  }
  {
    const Reflector reflector(options_, client, sink_, clock_, *log_);
    Open(1)->SendStatus(422);
    Open(1)->SendEnd();
    EXPECT_TRUE(transport_.WaitForRequests(1)) << "the page that nobody answers";
  }
  options_.first_backoff = options_.max_backoff = base::Millis(600'000);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  Open(2)->SendStatus(429);
  Open(2)->SendEnd();
}

TEST_F(ReflectorTest, ShowsItsLastSignOfLife) {
  RestClient client(config_, transport_);
  const Reflector reflector(options_, client, sink_, clock_, *log_);
  const base::SteadyTime before = clock_.SteadyNow();
  Open(0)->SendStatus(200);
  Open(0)->SendChunk(kEndOfSnapshot);
  EXPECT_TRUE(SyncedTimes(1));
  EXPECT_GE(reflector.LastContact(), before);
}

}  // namespace
}  // namespace softmig::kube
