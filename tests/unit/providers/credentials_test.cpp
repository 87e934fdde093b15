#include "providers/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace softmig::providers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kCa = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

Credentials Header(const std::string& name, const std::string& value) {
  Credentials credentials;
  credentials.headers = {{name, Secret(value)}};
  return credentials;
}
Credentials Bearer(const std::string& token) {
  Credentials credentials;
  credentials.bearer_token = Secret(token);
  return credentials;
}
Credentials Basic(const std::string& user, const std::string& password) {
  Credentials credentials;
  credentials.basic = BasicCredentials{user, Secret(password)};
  return credentials;
}

http::Request With(const Credentials& credentials, http::Request request = {}) {
  const auto authentication = Authentication::Make(credentials);
  EXPECT_TRUE(authentication);
  if (authentication) {
    EXPECT_TRUE(authentication->AddTo(request));
  }
  return request;
}

std::string RefusalOf(const Credentials& credentials) {
  const auto authentication = Authentication::Make(credentials);
  EXPECT_FALSE(authentication);
  return authentication ? "" : authentication.error().message;
}

TEST(Secret, IsNeverShown) {
  const Secret secret("hunter2");
  EXPECT_EQ(fmt::format("{} {:>10}", secret, secret), "(secret)   (secret)");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "(secret)");
  EXPECT_THAT(::testing::PrintToString(secret), Not(HasSubstr("hunter2")));
  EXPECT_EQ(secret.Reveal(), "hunter2");
}

TEST(Authentication, WithoutCredentialsAddsNothing) {
  http::Request request;
  EXPECT_TRUE(Authentication().AddTo(request));
  EXPECT_TRUE(request.headers.empty());
  EXPECT_EQ(With({}).headers.size(), 0U);
  EXPECT_EQ(With({}).tls, nullptr);
}

TEST(Authentication, AddsHeadersTokenAndCa) {
  Credentials credentials = Header("X-Scope-OrgID", "shop");
  credentials.bearer_token = Secret("abc.def");
  credentials.ca_pem = kCa;
  const http::Request request = With(credentials);
  EXPECT_EQ(http::Find(request.headers, "x-scope-orgid"), "shop");
  EXPECT_EQ(http::Find(request.headers, "authorization"), "Bearer abc.def");
  ASSERT_NE(request.tls, nullptr);
  EXPECT_EQ(request.tls->ca_pem, kCa);
  EXPECT_FALSE(request.tls->insecure_skip_verify);
}

TEST(Authentication, EncodesUserAndPassword) {
  EXPECT_EQ(http::Find(With(Basic("Aladdin", "open sesame")).headers, "Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(http::Find(With(Basic("a", "b")).headers, "Authorization"), "Basic YTpi");
  EXPECT_EQ(http::Find(With(Basic("a", "")).headers, "Authorization"), "Basic YTo=");
}

TEST(Authentication, SharesOneTlsSettingSoThatConnectionsAreReused) {
  Credentials credentials;
  credentials.ca_pem = kCa;
  const auto authentication = Authentication::Make(credentials);
  ASSERT_TRUE(authentication);
  const Authentication copy = *authentication;
  http::Request first;
  http::Request second;
  EXPECT_TRUE(authentication->AddTo(first));
  EXPECT_TRUE(copy.AddTo(second));
  EXPECT_EQ(first.tls, second.tls);
}

TEST(Authentication, ReplacesAHeaderOfTheRequest) {
  http::Request request;
  request.headers = {{"accept", "application/json"}, {"Other", "1"}};
  request = With(Header("Accept", "text/csv"), request);
  EXPECT_EQ(request.headers.size(), 2U);
  EXPECT_EQ(http::Find(request.headers, "accept"), "text/csv");
}

TEST(Authentication, RefusesWhatWouldBecomeAnotherHeader) {
  const std::string secret = "s3cr3t";
  for (const std::string& value : {secret + "\r\nX: y", secret + "\n", "\t" + secret, secret + std::string(1, '\0'), secret + "\x7f",
                                   secret + std::string(9000, 'x')}) {
    for (const Credentials& credentials : {Header("X-Key", value), Bearer(value), Basic("user", value), Basic(value, "password")}) {
      const std::string why = RefusalOf(credentials);
      EXPECT_FALSE(why.empty());
      EXPECT_THAT(why, Not(HasSubstr(secret)));
      EXPECT_LT(why.size(), 256U);
    }
  }
  EXPECT_THAT(RefusalOf(Bearer("token\n")), HasSubstr("ends with a line break"));
  EXPECT_THAT(RefusalOf(Bearer("to\nken\n")), HasSubstr("control characters"));
}

TEST(Authentication, RefusesNamesThatAreNoneAndNeverQuotesThem) {
  for (const char* name : {"", "X Key", "X:Key", "s3cr3t\n", "\xc3\xbc"})
    EXPECT_THAT(RefusalOf(Header(name, "v")), Not(HasSubstr("s3cr3t")));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION"}) {
    EXPECT_THAT(RefusalOf(Header(name, "v")), HasSubstr("belongs to the connection"));
  }
}

TEST(Authentication, RefusesContradictions) {
  Credentials both = Bearer("t");
  both.basic = BasicCredentials{"u", Secret("p")};
  EXPECT_THAT(RefusalOf(both), HasSubstr("both"));
  Credentials twice = Header("X-A", "1");
  twice.headers.emplace_back("x-a", Secret("2"));
  EXPECT_THAT(RefusalOf(twice), HasSubstr("twice"));
  Credentials own = Header("authorization", "Token x");
  EXPECT_EQ(http::Find(With(own).headers, "Authorization"), "Token x");
  own.bearer_token = Secret("t");
  EXPECT_THAT(RefusalOf(own), HasSubstr("twice"));
  EXPECT_THAT(RefusalOf(Basic("a:b", "p")), HasSubstr("colon"));
  EXPECT_THAT(RefusalOf(Basic("", "p")), HasSubstr("empty"));
  EXPECT_THAT(RefusalOf(Bearer("")), HasSubstr("empty"));
  Credentials many;
  for (int i = 0; i < 17; ++i) many.headers.emplace_back("X-" + std::to_string(i), Secret("v"));
  EXPECT_THAT(RefusalOf(many), HasSubstr("16"));
}

TEST(Authentication, HidesItsSecretsInAnswers) {
  Credentials credentials = Basic("user", "p4ssw0rd");
  credentials.headers = {{"X-Key", Secret("s3cr3t-key")}, {"X-Tenant", Secret("shop")}};
  const auto authentication = Authentication::Make(credentials);
  ASSERT_TRUE(authentication);
  http::Response response{401, {}, "s3cr3t-key p4ssw0rd shop Basic dXNlcjpwNHNzdzByZA== dXNlcjpwNHNzdzByZA== s3cr3t-key"};
  authentication->HideIn(response);
  EXPECT_EQ(response.body, "********** ******** shop ************************** ******************** **********");
  std::string text = "aaaaaaaaaa";
  Hide(Secret("aaaaaa"), text);
  EXPECT_EQ(text, "******aaaa");
}

TEST(Authentication, VerifiesAnotherNameWhereOneIsGiven) {
  Credentials credentials;
  credentials.server_name = "prometheus.example.com";
  const http::Request request = With(credentials);
  ASSERT_NE(request.tls, nullptr);
  EXPECT_EQ(request.tls->server_name, "prometheus.example.com");
  EXPECT_TRUE(request.tls->ca_pem.empty());
}

TEST(Authentication, AddsNothingWhereASecretMayNotBeSent) {
  Credentials credentials = Bearer("s3cr3t-token");
  credentials.ca_pem = kCa;
  credentials.permits = {SendPermit::Read("token", "https://prom:9090"), SendPermit::Read("ca", "https://other")};
  const auto authentication = Authentication::Make(credentials);
  ASSERT_TRUE(authentication);
  http::Request request;
  request.url = "https://prom:9090/api/v1/query?query=up";
  const auto added = authentication->AddTo(request);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, base::ErrorCode::kForbidden);
  EXPECT_EQ(added.error().message,
            "Secret \"ca\" may not be sent to https://prom:9090: its annotation softmigration.io/send-to names other addresses");
  EXPECT_TRUE(request.headers.empty());
  EXPECT_EQ(request.tls, nullptr);
}

TEST(Authentication, RefusesACaThatIsNone) {
  for (const std::string& pem : {std::string(), std::string("MIIB"), kCa + "-----BEGIN RSA PRIVATE KEY-----\ns3cr3t"}) {
    Credentials credentials;
    credentials.ca_pem = pem;
    EXPECT_THAT(RefusalOf(credentials), Not(HasSubstr("s3cr3t")));
  }
}

}  // namespace
}  // namespace softmig::providers
