#include "provider_conformance.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "providers/credentials.hpp"

namespace softmig::providers::testing {

void PrintTo(const ProviderCase& provider, std::ostream* out) { *out << provider.name; }

class ProviderConformance : public ::testing::TestWithParam<ProviderCase> {
 protected:
  std::unique_ptr<MetricProvider> provider_ = GetParam().make();
  [[nodiscard]] model::Reading Parse(const std::string& body, int status = 200) const { return provider_->Parse({status, {}, body}); }
};

void ExpectOneLine(const std::string& message) {
  EXPECT_LE(message.size(), 256U);
  for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << message;
}

TEST_P(ProviderConformance, TellsItsReadingsApart) {
  const model::Reading number = Parse(GetParam().number);
  EXPECT_EQ(number.kind, Kind::kNumber);
  EXPECT_EQ(number.number, GetParam().value);
  EXPECT_TRUE(number.message.empty() && number.id == 0 && number.series.empty());
  EXPECT_EQ(Parse(GetParam().nothing), model::Reading{});
  EXPECT_EQ(Parse(GetParam().nan).kind, GetParam().nan_kind);
  const model::Reading many = Parse(GetParam().many);
  EXPECT_EQ(many.kind, GetParam().many_kind);
  EXPECT_EQ(many.series.size() > 1, many.kind == Kind::kSeries);
  const model::Reading error = Parse(GetParam().error, GetParam().error_status);
  EXPECT_EQ(error.kind, Kind::kError);
  EXPECT_NE(error.message.find("boom"), std::string::npos) << error.message;
}

TEST_P(ProviderConformance, NoCutAnswerIsAnotherNumber) {
  for (const std::string& body : {GetParam().number, GetParam().many}) {
    for (std::size_t length = 0; length < body.size(); ++length) {
      const model::Reading reading = Parse(body.substr(0, length));
      if (GetParam().is_json) {
        EXPECT_EQ(reading.kind, Kind::kError) << length;
      } else if (reading.kind == Kind::kNumber) {
        EXPECT_NE(std::string("\r\n").find(body[length - 1]), std::string::npos) << "a number of half a row: " << length;
      }
    }
  }
}

TEST_P(ProviderConformance, NoFlippedByteMakesItThrowOrGivesANonNumber) {
  for (const std::string& good : {GetParam().number, GetParam().nan, GetParam().many, GetParam().error}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const char byte : {'\0', '"', '[', '{', '}', '9', '\n', ',', '\xff'}) {
        std::string body = good;
        body[i] = byte;
        model::Reading reading;
        ASSERT_NO_THROW(reading = Parse(body)) << body;
        EXPECT_TRUE(std::isfinite(reading.number)) << body;
        EXPECT_EQ(reading.kind == Kind::kError, !reading.message.empty()) << body;
        ExpectOneLine(reading.message);
        ExpectOneLine(reading.note);
      }
    }
  }
}

TEST_P(ProviderConformance, DeepOrHugeAnswersAreErrors) {
  for (const char* open : {"[", "{\"a\":", "{\"data\":", "[[{\"x\":"}) {
    std::string deep;
    while (deep.size() < 500'000) deep += open;
    EXPECT_EQ(Parse(deep).kind, Kind::kError) << open;
  }
  EXPECT_EQ(Parse(GetParam().number + std::string(2U << 20U, ' ')).kind, Kind::kError);
}

TEST_P(ProviderConformance, HtmlIsAnError) {
  const std::string page = "<!DOCTYPE html>\n<html><body>\n<h1>Sign in</h1>\n</body></html>\n";
  for (const int status : {200, 302, 403, 502}) {
    const model::Reading reading = Parse(page, status);
    EXPECT_EQ(reading.kind, Kind::kError) << status;
    ExpectOneLine(reading.message);
  }
}

TEST_P(ProviderConformance, MessagesAreBounded) {
  const model::Reading reading = Parse(std::string(10'000, 'x'), 503);
  EXPECT_EQ(reading.kind, Kind::kError);
  EXPECT_LE(reading.message.size(), 256U);
}

TEST_P(ProviderConformance, NoErrorStatusIsEvidence) {
  for (const int status : {301, 400, 401, 403, 404, 429, 500, 503})
    EXPECT_EQ(Parse(GetParam().number, status).kind, Kind::kError) << status;
}

TEST_P(ProviderConformance, PassesTheServersWordsOnWhateverTheStatus) {
  for (const int status : {400, 401, 403, 429, 500, 503}) {
    for (const std::string& body : {GetParam().error, std::string("boom\n")}) {
      const model::Reading reading = Parse(body, status);
      EXPECT_EQ(reading.kind, Kind::kError) << status;
      EXPECT_NE(reading.message.find("boom"), std::string::npos) << status << ": " << reading.message;
      ExpectOneLine(reading.message);
    }
    const model::Reading empty = Parse("", status);
    EXPECT_EQ(empty.kind, Kind::kError);
    EXPECT_NE(empty.message.find(std::to_string(status)), std::string::npos) << empty.message;
  }
}

TEST_P(ProviderConformance, NoSecretIsInAMessage) {
  Credentials credentials;
  credentials.headers = {{"X-Key", Secret("s3cr3t-key")}};
  credentials.bearer_token = Secret("s3cr3t-token");
  const auto authentication = Authentication::Make(credentials);
  ASSERT_TRUE(authentication);
  std::string body = GetParam().error;
  body.replace(body.find("boom"), 4, "boom: bad key s3cr3t-key or token s3cr3t-token");
  for (const int status : {200, 401, 403, 500, GetParam().error_status}) {
    http::Response response{status, {}, body};
    authentication->HideIn(response);
    const model::Reading reading = provider_->Parse(response);
    EXPECT_EQ(reading.message.find("s3cr3t"), std::string::npos) << reading.message;
    if (status != 200) {
      EXPECT_NE(reading.message.find("boom: bad key **********"), std::string::npos) << reading.message;
    }
  }
}

TEST_P(ProviderConformance, RefusesAddressesThatAreNone) {
  for (const char* address : {"", "prometheus:9090", "ftp://x", "http://", "/api", "http://h:9090?x=1", "http://h/\r\nX: y"}) {
    const auto request = provider_->Request({address, GetParam().query, {}});
    ASSERT_FALSE(request) << address;
    EXPECT_EQ(request.error().code, base::ErrorCode::kInvalid) << address;
    for (const char c : request.error().message) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << address;
  }
}

TEST_P(ProviderConformance, RequestsStayWithinTheTransportsUrl) {
  for (const std::string& query : {GetParam().query, std::string(100'000, '&'), std::string(3'000, '{'), std::string("\r\nX: y\xff")}) {
    const auto request = provider_->Request({"http://h:9090", query, base::WallTime(std::chrono::hours(500'000))});
    if (!request) {
      EXPECT_EQ(request.error().code, base::ErrorCode::kInvalid);
      EXPECT_NE(query, GetParam().query);
      continue;
    }
    EXPECT_LE(request->url.size(), 8U << 10U);
    EXPECT_TRUE(http::ParseUrl(request->url)) << request->url;
    EXPECT_EQ(request->method == http::Method::kGet, request->body.empty());
  }
}

std::vector<ProviderCase> All() {
  std::vector<ProviderCase> all = Services();
  all.push_back(Prometheus());
  all.push_back(Job());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Providers, ProviderConformance, ::testing::ValuesIn(All()), [](const auto& test) { return test.param.name; });

}  // namespace softmig::providers::testing
