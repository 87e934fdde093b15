#include "providers/cloudwatch/cloudwatch_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace softmig::providers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = model::Reading::Kind;

const base::WallTime kExampleTime{std::chrono::seconds(1'440'938'160)};  // 2015-08-30T12:36:00Z
const base::WallTime kAt{std::chrono::milliseconds(1'700'000'000'900)};  // 2023-11-14T22:13:20Z

AwsKeys ExampleKeys() { return {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), std::nullopt, "us-east-1"}; }

std::string AuthorizationOf(const http::Request& request) { return std::string(http::Find(request.headers, "Authorization").value_or("")); }

/// The examples that AWS publishes for Signature Version 4.
TEST(SignAws, GivesThePublishedSignatures) {
  http::Request users;
  users.url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
  users.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  ASSERT_TRUE(SignAws(users, ExampleKeys(), "iam", kExampleTime));
  EXPECT_EQ(AuthorizationOf(users),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  EXPECT_EQ(http::Find(users.headers, "X-Amz-Date"), "20150830T123600Z");
  http::Request get;
  get.url = "https://example.amazonaws.com/";
  ASSERT_TRUE(SignAws(get, ExampleKeys(), "service", kExampleTime));
  EXPECT_THAT(AuthorizationOf(get), EndsWith("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
  http::Request post;
  post.method = http::Method::kPost;
  post.url = "https://example.amazonaws.com/";
  ASSERT_TRUE(SignAws(post, ExampleKeys(), "service", kExampleTime));
  EXPECT_THAT(AuthorizationOf(post), EndsWith("Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"));
}

TEST(SignAws, RefusesKeysThatCannotBeSent) {
  const auto refused = [](AwsKeys keys) {
    http::Request request;
    request.url = "https://h/";
    const auto done = SignAws(request, keys, "monitoring", kExampleTime);
    return done ? std::string() : done.error().message;
  };
  AwsKeys keys = ExampleKeys();
  keys.access_key_id = "a/b";
  EXPECT_THAT(refused(keys), HasSubstr("access key id"));
  keys = ExampleKeys();
  keys.region = "";
  EXPECT_THAT(refused(keys), HasSubstr("region"));
  keys = ExampleKeys();
  keys.secret_access_key = Secret("s3cr3t\n");
  EXPECT_THAT(refused(keys), HasSubstr("secret access key"));
  EXPECT_THAT(refused(keys), Not(HasSubstr("s3cr3t")));
  keys = ExampleKeys();
  keys.session_token = Secret("");
  EXPECT_THAT(refused(keys), HasSubstr("session token"));
}

CloudWatchSettings Settings() {
  CloudWatchSettings settings{ExampleKeys()};
  settings.keys.region = "eu-west-1";
  settings.keys.session_token = Secret("session-token");
  return settings;
}

/// The signature was computed a second time, with Python's hashlib and hmac.
TEST(CloudWatchProvider, SignsWhatItAsks) {
  const auto request = CloudWatchProvider(Settings()).Request({"https://monitoring.eu-west-1.amazonaws.com", "SELECT AVG(x) FROM y", kAt});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "https://monitoring.eu-west-1.amazonaws.com/");
  EXPECT_EQ(http::Find(request->headers, "X-Amz-Target"), "GraniteServiceVersion20100801.GetMetricData");
  EXPECT_EQ(request->body,
            R"({"EndTime":1700000000,"MetricDataQueries":[{"Expression":"SELECT AVG(x) FROM y","Id":"q","Period":60,"ReturnData":true}],)"
            R"("ScanBy":"TimestampDescending","StartTime":1699999700})");
  EXPECT_EQ(AuthorizationOf(*request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/monitoring/aws4_request, "
            "SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
            "Signature=8551925aeefd50d2139c53faea2d0fc0f02e9568339db0e24fe417d5fd954819");
}

TEST(CloudWatchProvider, TakesAListOfQueriesAsItIs) {
  const CloudWatchProvider provider(Settings());
  const auto request = provider.Request({"https://h", R"([{"Id":"a","MetricStat":{"Stat":"Sum"}}])", kAt});
  ASSERT_TRUE(request);
  EXPECT_THAT(request->body, HasSubstr(R"("MetricDataQueries":[{"Id":"a","MetricStat":{"Stat":"Sum"}}])"));
  EXPECT_FALSE(provider.Request({"https://h", "[{", kAt}));
  CloudWatchSettings settings = Settings();
  settings.period = base::Millis(1500);
  EXPECT_FALSE(CloudWatchProvider(settings).Request({"https://h", "x", kAt}));
}

model::Reading Parse(const std::string& body, int status = 200) { return CloudWatchProvider(Settings()).Parse({status, {}, body}); }

TEST(CloudWatchProvider, DataThatIsNotCompleteIsAnError) {
  for (const char* status : {"PartialData", "InternalError", "Forbidden", ""}) {
    const std::string body = std::string(R"({"MetricDataResults":[{"Id":"q","Values":[1],"StatusCode":")") + status + "\"}]}";
    EXPECT_EQ(Parse(body).kind, Kind::kError) << status;
  }
  EXPECT_EQ(Parse(R"({"MetricDataResults":[{"StatusCode":"Complete"}]})").kind, Kind::kError);
  EXPECT_EQ(Parse("{}").kind, Kind::kError);
}

TEST(CloudWatchProvider, NoSecretIsInAMessage) {
  const std::string body = R"({"__type":"SignatureDoesNotMatch","message":"the canonical string is x-amz-security-token:session-token"})";
  EXPECT_THAT(Parse(body, 403).message, HasSubstr("x-amz-security-token:*************"));
}

}  // namespace
}  // namespace softmig::providers
