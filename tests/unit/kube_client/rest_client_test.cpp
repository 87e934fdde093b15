#include "kube/client/rest_client.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "fakes/fake_transport.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::kube {
namespace {

using Answer = std::optional<base::Result<http::Response>>;

/// Counts how often it was dropped and gives a new token each time.
class RotatingToken final : public TokenSource {
 public:
  base::Result<std::string> Token() override { return "t" + std::to_string(drops_); }
  void Drop() override { ++drops_; }
  int drops_ = 0;
};

class RestClientTest : public ::testing::Test {
 protected:
  RestClientTest() : transport_([this](const http::Request& request) { return respond_(request); }) {
    config_.server = "https://api:6443";
    config_.token = token_;
  }
  RestClient Client(RequestObserver observer = {}) { return RestClient(config_, transport_, std::move(observer)); }
  http::Request Only() {
    EXPECT_EQ(transport_.requests().size(), 1U);
    return transport_.requests().at(0);
  }
  static Answer Reply(int status, std::string body, http::Headers headers = {}) {
    return base::Result<http::Response>(http::Response{status, std::move(headers), std::move(body)});
  }

  std::function<Answer(const http::Request&)> respond_ = [](const http::Request&) { return Reply(200, "{}"); };
  std::shared_ptr<RotatingToken> token_ = std::make_shared<RotatingToken>();
  fakes::FakeTransport transport_;
  ClusterConfig config_;
};

TEST_F(RestClientTest, GetsAnObjectWithCredentialAndAccept) {
  respond_ = [](const http::Request&) { return Reply(200, R"({"kind":"Service"})"); };
  const auto got = Client().Get(kServices, {"shop", "cart"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->at("kind"), "Service");
  EXPECT_EQ(Only().url, "https://api:6443/api/v1/namespaces/shop/services/cart");
  EXPECT_EQ(http::Find(Only().headers, "authorization"), "Bearer t0");
  EXPECT_EQ(http::Find(Only().headers, "accept"), "application/json");
}

TEST_F(RestClientTest, GetsLaterWhatItWouldGetNow) {
  std::vector<std::string> codes;
  RestClient client =
      Client([&](std::string_view verb, std::string_view code, double) { codes.push_back(std::string(verb) + std::string(code)); });
  std::vector<base::Result<nlohmann::json>> got;
  const auto ask = [&](const ObjectKey& key) {
    client.GetLater(kSecrets, key, base::Millis(1000), [&](auto answer) { got.push_back(answer); });
  };
  respond_ = [](const http::Request&) { return Reply(200, R"({"kind":"Secret"})"); };
  ask({"shop", "token"});
  respond_ = [](const http::Request&) { return Reply(404, R"({"kind":"Status","message":"secrets \"token\" not found"})"); };
  ask({"shop", "token"});
  respond_ = [](const http::Request&) { return Reply(401, "{}"); };
  ask({"shop", "token"});
  ask({"shop", ""});
  ASSERT_EQ(got.size(), 4U);
  EXPECT_EQ(got[0]->at("kind"), "Secret");
  EXPECT_EQ(got[1].error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(got[2].error().code, base::ErrorCode::kUnauthorized);
  EXPECT_EQ(got[3].error().code, base::ErrorCode::kInvalid);
  EXPECT_EQ(token_->drops_, 1);
  EXPECT_EQ(codes, (std::vector<std::string>{"GET200", "GET404", "GET401"}));
  ASSERT_EQ(transport_.requests().size(), 3U);
  EXPECT_EQ(transport_.requests()[0].url, "https://api:6443/api/v1/namespaces/shop/secrets/token");
  EXPECT_EQ(http::Find(transport_.requests()[0].headers, "authorization"), "Bearer t0");
}

TEST_F(RestClientTest, ListsAndCreatesLater) {
  std::vector<base::Result<nlohmann::json>> got;
  const auto note = [&](auto answer) { got.push_back(answer); };
  RestClient client = Client();
  client.ListLater(kJobs, "shop", "labelSelector=a%3Db", base::Millis(1000), note);
  CallOptions options;
  const nlohmann::json job{{"metadata", {{"namespace", "shop"}, {"name", "smoke"}}}};
  client.CreateLater(kJobs, job, options, note);
  respond_ = [](const http::Request&) { return Reply(409, R"({"kind":"Status","reason":"AlreadyExists"})"); };
  client.CreateLater(kJobs, job, options, note);
  options.may_send = [] { return false; };
  client.CreateLater(kJobs, job, options, note);
  ASSERT_EQ(got.size(), 4U);
  EXPECT_TRUE(got[0] && got[1]);
  EXPECT_EQ(got[2].error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(got[3].error().code, base::ErrorCode::kFenced);
  ASSERT_EQ(transport_.requests().size(), 3U);
  EXPECT_EQ(transport_.requests()[0].url, "https://api:6443/apis/batch/v1/namespaces/shop/jobs?labelSelector=a%3Db");
  const http::Request post = transport_.requests()[1];
  EXPECT_EQ(post.method, http::Method::kPost);
  EXPECT_EQ(post.url, "https://api:6443/apis/batch/v1/namespaces/shop/jobs");
  EXPECT_EQ(http::Find(post.headers, "content-type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(post.body), job);
}

TEST_F(RestClientTest, EncodesNamesIntoThePath) {
  EXPECT_EQ(ResourcePath(kHttpRoutes, "a/b", "../x", "status"),
            "/apis/gateway.networking.k8s.io/v1/namespaces/a%2Fb/httproutes/..%2Fx/status");
}

TEST_F(RestClientTest, RefusesToGetOrDeleteWithoutAName) {
  EXPECT_EQ(Client().Get(kServices, {"shop", ""}).error().code, base::ErrorCode::kInvalid);
  EXPECT_EQ(Client().Delete(kServices, {"shop", ""}).error().code, base::ErrorCode::kInvalid);
  EXPECT_TRUE(transport_.requests().empty());
}

TEST_F(RestClientTest, DeletesOnlyTheObjectThatWasMeant) {
  RestClient client = Client();
  ASSERT_TRUE(client.Delete(kServices, {"a", "b"}));
  CallOptions options;
  options.uid = "u1";
  ASSERT_TRUE(client.Delete(kServices, {"a", "b"}, options));
  const auto sent = transport_.requests();
  EXPECT_EQ(sent[0].method, http::Method::kDelete);
  EXPECT_EQ(sent[0].body, "");
  EXPECT_EQ(sent[1].url, "https://api:6443/api/v1/namespaces/a/services/b");
  EXPECT_EQ(http::Find(sent[1].headers, "Content-Type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(sent[1].body).at("preconditions"), nlohmann::json({{"uid", "u1"}}));
}

TEST_F(RestClientTest, SendsEachPatchTypeWithItsMediaType) {
  CallOptions options;
  options.field_manager = "soft migration";
  options.dry_run = true;
  options.force = true;
  options.subresource = "status";
  RestClient client = Client();
  ASSERT_TRUE(client.Patch(kServices, {"a", "b"}, PatchType::kApply, {{"x", 1}}, options));
  ASSERT_TRUE(client.Patch(kServices, {"a", "b"}, PatchType::kMerge, {{"x", 1}}));
  ASSERT_TRUE(client.Patch(kServices, {"a", "b"}, PatchType::kJson, nlohmann::json::array()));
  const auto sent = transport_.requests();
  EXPECT_EQ(sent[0].url, "https://api:6443/api/v1/namespaces/a/services/b/status?fieldManager=soft%20migration&dryRun=All&force=true");
  EXPECT_EQ(http::Find(sent[0].headers, "Content-Type"), "application/apply-patch+yaml");
  EXPECT_EQ(http::Find(sent[1].headers, "Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(http::Find(sent[2].headers, "Content-Type"), "application/json-patch+json");
  EXPECT_EQ(sent[1].body, R"({"x":1})");
}

TEST_F(RestClientTest, DropsTheTokenAndTriesOnceMoreOn401) {
  respond_ = [](const http::Request& r) { return Reply(http::Find(r.headers, "Authorization") == "Bearer t1" ? 200 : 401, "{}"); };
  EXPECT_TRUE(Client().Get(kServices, {"a", "b"}));
  EXPECT_EQ(transport_.requests().size(), 2U);
}

TEST_F(RestClientTest, GivesUpAfterTheSecond401) {
  respond_ = [](const http::Request&) { return Reply(401, "{}"); };
  EXPECT_EQ(Client().Get(kServices, {"a", "b"}).error().code, base::ErrorCode::kUnauthorized);
  EXPECT_EQ(transport_.requests().size(), 2U);
}

TEST_F(RestClientTest, MapsEveryStatusToItsCodeAndRepeatsNone) {
  const std::vector<std::pair<int, base::ErrorCode>> expected = {
      {400, base::ErrorCode::kInvalid},   {403, base::ErrorCode::kForbidden},   {404, base::ErrorCode::kNotFound},
      {409, base::ErrorCode::kConflict},  {410, base::ErrorCode::kGone},        {422, base::ErrorCode::kInvalid},
      {429, base::ErrorCode::kThrottled}, {500, base::ErrorCode::kUnavailable}, {503, base::ErrorCode::kUnavailable}};
  for (const auto& [status, code] : expected) {
    respond_ = [s = status](const http::Request&) { return Reply(s, R"({"kind":"Status","message":"why not"})"); };
    const std::size_t before = transport_.requests().size();
    const auto got = Client().Update(kServices, {{"metadata", {{"namespace", "a"}, {"name", "b"}}}});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code) << status;
    EXPECT_EQ(got.error().http_status, status);
    EXPECT_NE(got.error().message.find("why not"), std::string::npos);
    EXPECT_EQ(transport_.requests().size(), before + 1);
  }
}

TEST_F(RestClientTest, TakesAFailedJsonPatchTestAsConflictButNotABrokenObject) {
  respond_ = [](const http::Request&) { return Reply(422, R"({"kind":"Status","reason":"Invalid","details":{}})"); };
  EXPECT_EQ(Client().Patch(kServices, {"a", "b"}, PatchType::kJson, nlohmann::json::array()).error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(Client().Patch(kServices, {"a", "b"}, PatchType::kMerge, {{"x", 1}}).error().code, base::ErrorCode::kInvalid);
  respond_ = [](const http::Request&) {
    return Reply(422, R"({"kind":"Status","reason":"Invalid","details":{"name":"b","causes":[{"field":"spec"}]}})");
  };
  EXPECT_EQ(Client().Patch(kServices, {"a", "b"}, PatchType::kJson, nlohmann::json::array()).error().code, base::ErrorCode::kInvalid);
}

TEST_F(RestClientTest, ReadsRetryAfterFromTheHeaderOrTheDetails) {
  respond_ = [](const http::Request&) { return Reply(429, "busy", {{"Retry-After", "7"}}); };
  EXPECT_EQ(Client().GetPath("/version").error().retry_after_seconds, 7.0);
  respond_ = [](const http::Request&) { return Reply(503, R"({"details":{"retryAfterSeconds":3}})"); };
  EXPECT_EQ(Client().GetPath("/version").error().retry_after_seconds, 3.0);
  respond_ = [](const http::Request&) { return Reply(429, "", {{"Retry-After", "-5"}}); };
  EXPECT_FALSE(Client().GetPath("/version").error().retry_after_seconds);
}

TEST_F(RestClientTest, FollowsContinueToTheEndOfAList) {
  respond_ = [](const http::Request& r) {
    if (r.url.find("continue=") == std::string::npos) return Reply(200, R"({"metadata":{"continue":"a b"},"items":[1,2]})");
    return Reply(200, R"({"metadata":{"resourceVersion":"9"},"items":[3]})");
  };
  const auto list = Client().List(kServices, "", "limit=2");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->at("items"), nlohmann::json({1, 2, 3}));
  EXPECT_EQ(transport_.requests().at(1).url, "https://api:6443/api/v1/services?limit=2&continue=a%20b");
}

TEST_F(RestClientTest, TellsTheObserverVerbAndCode) {
  std::vector<std::string> seen;
  RestClient client =
      Client([&](std::string_view verb, std::string_view code, double) { seen.push_back(std::string(verb) + " " + std::string(code)); });
  (void)client.GetPath("/version");
  respond_ = [](const http::Request&) -> Answer { return base::Result<http::Response>(base::Fail(base::ErrorCode::kTimeout, "late")); };
  (void)client.Delete(kServices, {"a", "b"});
  EXPECT_EQ(seen, (std::vector<std::string>{"GET 200", "DELETE Timeout"}));
}

TEST_F(RestClientTest, SendsNothingWhereTheFenceIsClosed) {
  CallOptions options;
  options.may_send = [] { return false; };
  EXPECT_EQ(Client().GetPath("/version", options).error().code, base::ErrorCode::kFenced);
  EXPECT_TRUE(transport_.requests().empty());
}

TEST_F(RestClientTest, ReturnsAtOnceWhenStoppedWhileThePeerIsDead) {
  respond_ = [](const http::Request&) -> Answer { return std::nullopt; };
  std::stop_source stop;
  CallOptions options;
  options.deadline = base::Millis(600'000);
  options.stop = stop.get_token();
  RestClient client = Client();
  std::jthread stopper([&] {
    EXPECT_TRUE(transport_.WaitForRequests(1));
    stop.request_stop();
  });
  EXPECT_EQ(client.GetPath("/version", options).error().code, base::ErrorCode::kCancelled);
}

TEST_F(RestClientTest, RefusesAnAnswerThatIsNoJson) {
  respond_ = [](const http::Request&) { return Reply(200, "<html>"); };
  EXPECT_EQ(Client().GetPath("/version").error().code, base::ErrorCode::kInvalid);
}

}  // namespace
}  // namespace softmig::kube
