#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "providers/metric_provider.hpp"

/// What every MetricProvider must do. A new provider adds one ProviderCase with answers as its server would give them.
namespace softmig::providers::testing {

struct ProviderCase {
  std::string name;
  std::function<std::unique_ptr<MetricProvider>()> make;
  std::string number;   ///< an answer that holds 0.25
  std::string nothing;  ///< … no series
  std::string nan;      ///< … NaN
  std::string many;     ///< … more than one series
  int error_status = 400;
  std::string error;  ///< … an error whose words contain "boom"
};

inline void PrintTo(const ProviderCase& provider, std::ostream* out) { *out << provider.name; }

class ProviderConformance : public ::testing::TestWithParam<ProviderCase> {
 protected:
  std::unique_ptr<MetricProvider> provider_ = GetParam().make();
  [[nodiscard]] model::Reading Parse(const std::string& body, int status = 200) const { return provider_->Parse({status, {}, body}); }
};

using Kind = model::Reading::Kind;

TEST_P(ProviderConformance, TellsItsReadingsApart) {
  EXPECT_EQ(Parse(GetParam().number), (model::Reading{Kind::kNumber, 0.25, ""}));
  EXPECT_EQ(Parse(GetParam().nothing).kind, Kind::kNoData);
  EXPECT_EQ(Parse(GetParam().nan).kind, Kind::kNaN);
  EXPECT_EQ(Parse(GetParam().many).kind, Kind::kSeries);
  EXPECT_GT(Parse(GetParam().many).series.size(), 1U);
  const model::Reading error = Parse(GetParam().error, GetParam().error_status);
  EXPECT_EQ(error.kind, Kind::kError);
  EXPECT_NE(error.message.find("boom"), std::string::npos);
}

TEST_P(ProviderConformance, NoCutAnswerIsANumber) {
  const std::string& body = GetParam().number;
  for (std::size_t length = 0; length < body.size(); ++length) EXPECT_EQ(Parse(body.substr(0, length)).kind, Kind::kError) << length;
}

TEST_P(ProviderConformance, NoFlippedByteMakesItThrowOrGivesANonNumber) {
  for (const std::string& good : {GetParam().number, GetParam().nan, GetParam().many, GetParam().error}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const char byte : {'\0', '"', '[', '{', '}', '9', '\xff'}) {
        std::string body = good;
        body[i] = byte;
        model::Reading reading;
        ASSERT_NO_THROW(reading = Parse(body)) << body;
        EXPECT_TRUE(std::isfinite(reading.number)) << body;
        EXPECT_EQ(reading.kind == Kind::kError, !reading.message.empty()) << body;
      }
    }
  }
}

TEST_P(ProviderConformance, DeepOrHugeAnswersAreErrors) {
  EXPECT_EQ(Parse(std::string(500'000, '[')).kind, Kind::kError);
  EXPECT_EQ(Parse(GetParam().number + std::string(2U << 20U, ' ')).kind, Kind::kError);
}

TEST_P(ProviderConformance, MessagesAreBounded) {
  const model::Reading reading = Parse(std::string(10'000, 'x'), 503);
  EXPECT_EQ(reading.kind, Kind::kError);
  EXPECT_LE(reading.message.size(), 256U);
}

TEST_P(ProviderConformance, NoErrorStatusIsEvidence) {
  for (const int status : {301, 400, 401, 404, 429, 500, 503}) EXPECT_EQ(Parse(GetParam().number, status).kind, Kind::kError) << status;
}

TEST_P(ProviderConformance, RefusesAddressesThatAreNone) {
  for (const char* address : {"", "prometheus:9090", "ftp://x", "http://", "/api", "http://h:9090?x=1"}) {
    EXPECT_FALSE(provider_->Request({address, "up", {}})) << address;
  }
}

TEST_P(ProviderConformance, RequestsStayWithinTheTransportsUrl) {
  const auto request = provider_->Request({"http://h:9090", std::string(100'000, '&'), {}});
  ASSERT_TRUE(request);
  EXPECT_LE(request->url.size(), 8U << 10U);
}

}  // namespace softmig::providers::testing
