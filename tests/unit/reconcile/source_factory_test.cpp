#include "reconcile/source_factory.hpp"

#include <gmock/gmock.h>

#include "unit/reconcile/secret_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const model::SecretKey kKey{"keys", "a"};
const model::SecretKey kOther{"keys", "b"};
const model::SecretKey kMissing{"keys", "missing"};

SecretContents Keys(const std::string& send_to) {
  auto content = std::make_shared<SecretContent>();
  content->values = {{"a", providers::Secret("first-s3cret")}, {"b", providers::Secret("second-s3cret")}};
  content->permit = providers::SendPermit::Read("keys", send_to);
  return {{"keys", content}};
}

/// The request of a metric of this source, as it leaves; or an error's words.
struct Sent {
  http::Request request;
  std::string error;
};
Sent Ask(const std::string& address, model::MetricSource source, const std::string& query, const std::string& send_to = "https://h") {
  model::MetricSpec metric;
  metric.address = address;
  metric.source = std::move(source);
  const auto access = MakeAccess(metric, model::SecretsOf(metric).empty() ? SecretContents() : Keys(send_to));
  if (!access) return {{}, access.error().message};
  auto request = access->provider->Request({address, query, base::WallTime(base::Millis(1'795'374'600'000))});
  if (!request) return {{}, request.error().message};
  if (auto added = access->authentication.AddTo(*request); !added) return {{}, added.error().message};
  return {*request, ""};
}
std::string Header(const Sent& sent, const std::string& name) {
  EXPECT_EQ(sent.error, "");
  return std::string(http::Find(sent.request.headers, name).value_or("none"));
}

TEST(MakeAccess, AsksTheWebByGetOrPost) {
  const Sent get = Ask("https://h", model::WebSource{false, "", "application/json", "{.rate}"}, "/summary?x=1");
  EXPECT_EQ(get.request.url, "https://h/summary?x=1");
  const Sent post = Ask("https://h", model::WebSource{true, "/ask", "text/plain", "/rate"}, "how much?");
  EXPECT_EQ(post.request.url, "https://h/ask");
  EXPECT_EQ(post.request.body, "how much?");
  EXPECT_EQ(Header(post, "Content-Type"), "text/plain");
}

TEST(MakeAccess, SaysWhichWayToANumberIsNone) {
  EXPECT_THAT(Ask("https://h", model::WebSource{false, "", "", "{.items[*]}"}, "/").error, HasSubstr("brackets"));
}

TEST(MakeAccess, GivesDatadogBothKeys) {
  const Sent sent = Ask("https://h", model::DatadogSource{false, "avg", std::chrono::minutes(5), kKey, kOther}, "q");
  EXPECT_THAT(sent.request.url, StartsWith("https://h/api/v1/query?from="));
  EXPECT_EQ(Header(sent, "DD-API-KEY"), "first-s3cret");
  EXPECT_EQ(Header(sent, "DD-APPLICATION-KEY"), "second-s3cret");
  EXPECT_EQ(Ask("https://h", model::DatadogSource{true, "max", std::chrono::minutes(5), kKey, kOther}, "q").request.url,
            "https://h/api/v2/query/scalar");
}

TEST(MakeAccess, SignsForCloudWatchAndSendsNoKey) {
  model::CloudWatchSource source{"eu-west-1", std::chrono::minutes(5), std::chrono::minutes(1), kKey, kOther, std::nullopt};
  const Sent sent = Ask("https://h", source, "q");
  EXPECT_THAT(Header(sent, "Authorization"), HasSubstr("Credential=first-s3cret/"));
  for (const auto& [name, value] : sent.request.headers) EXPECT_EQ(value.find("second-s3cret"), std::string::npos) << name;
  source.session_token = kOther;
  EXPECT_EQ(Header(Ask("https://h", source, "q"), "X-Amz-Security-Token"), "second-s3cret");
  EXPECT_THAT(Ask("https://h", source, "q", "https://other").error, HasSubstr("may not be sent to https://h:443"));
}

TEST(MakeAccess, GivesNewRelicItsKey) {
  const Sent sent = Ask("https://h", model::NewRelicSource{12345, kKey}, "SELECT 1");
  EXPECT_EQ(sent.request.url, "https://h/graphql");
  EXPECT_EQ(Header(sent, "API-Key"), "first-s3cret");
  EXPECT_THAT(sent.request.body, HasSubstr("12345"));
}

TEST(MakeAccess, AsksGraphiteForItsWindow) {
  const Sent sent = Ask("https://h", model::GraphiteSource{std::chrono::minutes(10)}, "t");
  EXPECT_EQ(sent.request.url, "https://h/render?format=json&from=1795374000&until=1795374600&target=t");
}

TEST(MakeAccess, AsksBothKindsOfInfluxDb) {
  const Sent flux = Ask("https://h", model::InfluxDbSource{"my org", "", kKey}, "from()");
  EXPECT_EQ(flux.request.url, "https://h/api/v2/query?org=my%20org");
  EXPECT_EQ(Header(flux, "Authorization"), "Token first-s3cret");
  const Sent influxql = Ask("https://h", model::InfluxDbSource{"", "shop", {}}, "SELECT 1");
  EXPECT_EQ(influxql.request.url, "https://h/query?db=shop&epoch=ms&q=SELECT%201");
  EXPECT_EQ(Header(influxql, "Authorization"), "none");
}

TEST(MakeAccess, OnlyPrometheusCanBeAskedAboutThePast) {
  const providers::RangeQuery past{"https://h", "q", base::WallTime(base::Millis(0)), base::WallTime(base::Millis(10'000)),
                                   base::Millis(10'000)};
  const std::vector<std::pair<model::MetricSource, bool>> sources{
      {model::PrometheusSource{}, true},
      {model::WebSource{false, "", "", "/a"}, false},
      {model::DatadogSource{false, "avg", base::Millis(10'000), kKey, kOther}, false},
      {model::CloudWatchSource{"r", base::Millis(10'000), base::Millis(1'000), kKey, kOther, {}}, false},
      {model::NewRelicSource{1, kKey}, false},
      {model::GraphiteSource{base::Millis(10'000)}, false},
      {model::InfluxDbSource{"o", "", {}}, false}};
  for (const auto& [source, can] : sources) {
    model::MetricSpec metric;
    metric.source = source;
    const auto access = MakeAccess(metric, Keys("https://h"));
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->provider->RangeRequest(past).has_value(), can) << source.index();
  }
}

TEST(MakeAccess, NamesAMissingKeyOfEachSource) {
  for (const model::MetricSource& source :
       std::vector<model::MetricSource>{model::DatadogSource{false, "avg", base::Millis(10'000), kKey, kMissing},
                                        model::CloudWatchSource{"r", base::Millis(10'000), base::Millis(1'000), kMissing, kOther, {}},
                                        model::CloudWatchSource{"r", base::Millis(10'000), base::Millis(1'000), kKey, kOther, kMissing},
                                        model::NewRelicSource{1, kMissing}, model::InfluxDbSource{"o", "", kMissing}}) {
    EXPECT_EQ(Ask("https://h", source, "q").error, "Secret \"keys\" has no key \"missing\"") << source.index();
  }
}

}  // namespace
}  // namespace softmig::reconcile
