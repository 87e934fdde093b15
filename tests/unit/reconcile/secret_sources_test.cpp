#include "reconcile/secret_sources.hpp"

#include <gmock/gmock.h>

#include "unit/reconcile/secret_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

model::MetricSpec Metric() {
  model::MetricSpec metric;
  metric.name = "latency";
  metric.address = "https://prom:9090";
  metric.access.headers = {{"X-Scope-OrgID", "shop", {}}, {"X-Key", "", model::SecretKey{"keys", "key"}}};
  metric.access.bearer_token = model::SecretKey{"prom", "token"};
  metric.access.ca = model::SecretKey{"prom", "ca.crt"};
  metric.access.server_name = "prometheus.example.com";
  return metric;
}

struct Sources : SecretWorld {
  Sources() {
    Has(SecretJson("prom", {{"token", "s3cr3t-token"}, {"ca.crt", kCaPem}}));
    Has(SecretJson("keys", {{"key", "s3cr3t-key"}}));
  }
  SecretSources sources{reader, clock};

  base::Result<MetricAccess> Open(const model::MetricSpec& metric = Metric()) {
    base::Result<MetricAccess> got = base::Fail(base::ErrorCode::kInternal, "no answer");
    sources.Open({{"shop", "payments"}, "uid", "all", "1"}, metric, [&](base::Result<MetricAccess> access) { got = std::move(access); });
    return got;
  }
  /// What a request carries, or the sentence.
  std::string Sends(const model::MetricSpec& metric = Metric(), const std::string& url = "https://prom:9090/api") {
    auto access = Open(metric);
    if (!access) return access.error().message;
    http::Request request;
    request.url = url;
    if (auto added = access->authentication.AddTo(request); !added) return added.error().message;
    std::string all;
    for (const auto& [name, value] : request.headers) all += name + "=" + value + ";";
    return request.tls ? all + request.tls->server_name : all;
  }
};

TEST(SecretSources, PutTheValuesOfSecretsOnRequests) {
  Sources world;
  EXPECT_EQ(world.Sends(), "X-Scope-OrgID=shop;X-Key=s3cr3t-key;Authorization=Bearer s3cr3t-token;prometheus.example.com");
  EXPECT_EQ(world.reads(), 2U);
  model::MetricSpec basic;
  basic.access.basic = model::SourceAccess::Basic{{"prom", "user"}, {"prom", "password"}};
  world.Has(SecretJson("prom", {{"user", "Aladdin"}, {"password", "open sesame"}}));
  world.clock.Advance(SecretReader::kMaxAge);
  EXPECT_EQ(world.Sends(basic), "Authorization=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==;");
}

TEST(SecretSources, ReadNothingWhereNoSecretIsNamed) {
  Sources world;
  model::MetricSpec plain;
  EXPECT_EQ(world.Sends(plain), "");
  plain.access.headers = {{"X-Scope-OrgID", "shop", {}}};
  EXPECT_EQ(world.Sends(plain, "http://anywhere/api"), "X-Scope-OrgID=shop;");
  EXPECT_EQ(world.reads(), 0U);
}

TEST(SecretSources, KeepConnectionsUntilASecretChanges) {
  Sources world;
  const auto tls_of = [&] {
    http::Request request;
    request.url = "https://prom:9090";
    auto access = world.Open();
    EXPECT_TRUE(access && access->authentication.AddTo(request));
    return request.tls;
  };
  const auto first = tls_of();
  world.clock.Advance(SecretReader::kMaxAge);
  EXPECT_EQ(tls_of(), first);
  world.Has(SecretJson("prom", {{"token", "rotated"}, {"ca.crt", kCaPem}}, "https://prom:9090", "2"));
  world.clock.Advance(SecretReader::kMaxAge);
  EXPECT_NE(tls_of(), first);
  EXPECT_THAT(world.Sends(), HasSubstr("Bearer rotated"));
}

TEST(SecretSources, SendASecretOnlyWhereItsKeeperAllowsIt) {
  Sources world;
  EXPECT_EQ(world.Sends(Metric(), "https://evil:9090/api"),
            "Secret \"keys\" may not be sent to https://evil:9090: its annotation softmigration.io/send-to names other addresses");
  world.Has(SecretJson("keys", {{"key", "s3cr3t-key"}}, "", "2"));
  world.clock.Advance(SecretReader::kMaxAge);
  EXPECT_EQ(world.Sends(), "Secret \"keys\" may not be sent anywhere: name the addresses in its annotation softmigration.io/send-to");
}

TEST(SecretSources, TellNobodyWhatIsInASecretThatTheyMayNotUse) {
  Sources world;
  world.Has(SecretJson("prom", {}, ""));
  EXPECT_THAT(world.Sends(), Not(HasSubstr("no key")));
}

TEST(SecretSources, SayInOneSentenceWhatIsWrongWithASecret) {
  Sources world;
  const auto with = [&](const std::map<std::string, std::string>& values) {
    world.Has(SecretJson("prom", values, "https://prom:9090", std::to_string(world.reads())));
    world.clock.Advance(SecretReader::kMinAge);
    return world.Sends();
  };
  EXPECT_EQ(with({{"ca.crt", kCaPem}}), "Secret \"prom\" has no key \"token\"");
  EXPECT_EQ(with({{"token", "s3cr3t\n"}, {"ca.crt", kCaPem}}),
            "the bearer token cannot be sent: it ends with a line break; write the Secret without one");
  EXPECT_EQ(with({{"token", ""}, {"ca.crt", kCaPem}}), "the bearer token is empty");
  EXPECT_EQ(with({{"token", "s3cr3t"}, {"ca.crt", "s3cr3t"}}), "the CA holds no certificate in PEM form");
  world.answers.erase("prom");
  world.clock.Advance(SecretReader::kMinAge);
  EXPECT_EQ(world.Sends(), "there is no Secret \"prom\" in namespace shop");
}

TEST(SecretSources, ReadAgainWhatAServerRefused) {
  Sources world;
  EXPECT_THAT(world.Sends(), HasSubstr("s3cr3t-token"));
  world.Has(SecretJson("prom", {{"token", "rotated"}, {"ca.crt", kCaPem}}, "https://prom:9090", "2"));
  world.clock.Advance(SecretReader::kMinAge);
  world.sources.Refused({{"shop", "payments"}, "uid", "all", "1"}, Metric());
  EXPECT_THAT(world.Sends(), HasSubstr("Bearer rotated"));
}

}  // namespace
}  // namespace softmig::reconcile
