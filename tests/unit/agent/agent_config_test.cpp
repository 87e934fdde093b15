#include "agent/serve/agent_config.hpp"

#include <gtest/gtest.h>

namespace softmig::agent::testing {
namespace {

constexpr std::string_view kSmallest = R"({"components": [{"name": "all"}], "legacy": {"url": "http://127.0.0.1:1"},
  "target": {"url": "http://127.0.0.1:2/", "clusters": ["next"]}})";

std::string ErrorOf(std::string_view text) {
  const auto config = ParseAgentConfig(text);
  return config ? "" : config.error().message;
}

TEST(AgentConfig, TheSmallestOneHasDefaults) {
  const auto config = ParseAgentConfig(kSmallest);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->replay.urls[0], "http://127.0.0.1:1");
  EXPECT_EQ(config->replay.urls[1], "http://127.0.0.1:2");
  EXPECT_EQ(config->plan.SideOf("next"), compare::Side::kTarget);
  EXPECT_EQ(config->plan.SideOf("any"), compare::Side::kLegacy);
  EXPECT_EQ(config->plan.ComponentOf("any"), 0U);
  EXPECT_EQ(config->memory, 64U << 20U);
  EXPECT_EQ(config->replay.deadline, base::Millis(5'000));
  EXPECT_EQ(config->replay.most_body, config->capture.response_body);
  EXPECT_EQ(config->plan.controls, 1);
  EXPECT_EQ(config->sampling, 100);
}

TEST(AgentConfig, EveryFieldIsRead) {
  const auto config = ParseAgentConfig(R"({
    "components": [{"name": "pay", "routes": ["r1", "r2"]}, {"name": "rest"}],
    "legacy": {"url": "http://a:1", "clusters": ["old"]}, "target": {"url": "https://b:2", "clusters": ["new"]},
    "compare": {"headers": ["x-a"], "rules": [{"path": "$.id", "components": ["pay"], "ignore": true}], "controls": 0},
    "sampling": 10, "replay": {"inFlight": 3, "waiting": 4, "deadline": "250ms"},
    "limits": {"memoryBytes": 2000000, "streams": 9, "copiesPerSecond": 70, "answerBytes": 5000}})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->plan.ComponentOf("r2"), 0U);
  EXPECT_EQ(config->plan.ComponentOf("else"), 1U);
  EXPECT_EQ(config->plan.SideOf("else"), std::nullopt);
  EXPECT_TRUE(config->plan.components[1].rules->Captures("x-a"));
  EXPECT_TRUE(config->plan.components[0].rules->has_ignore());
  EXPECT_FALSE(config->plan.components[1].rules->has_ignore());
  EXPECT_EQ(config->replay.most_in_flight, 3U);
  EXPECT_EQ(config->replay.most_waiting, 4U);
  EXPECT_EQ(config->replay.deadline, base::Millis(250));
  EXPECT_EQ(config->memory, 2'000'000U);
  EXPECT_EQ(config->most_streams, 9U);
  EXPECT_EQ(config->most_per_second, 70U);
  EXPECT_EQ(config->capture.response_body, 5'000U);
  EXPECT_EQ(config->plan.controls, 0);
  EXPECT_EQ(config->sampling, 10);
}

TEST(AgentConfig, MistakesAreNamedWithTheirPaths) {
  EXPECT_EQ(ErrorOf("{"), "the configuration is no JSON");
  const std::string message = ErrorOf(R"({"components": [{"name": "A"}], "legacy": {"url": "ftp://x"}, "sampling": 0, "sample": 1,
    "compare": {"rules": [{"path": "$.["}]}})");
  for (const std::string path : {"config.components[0].name", "config.legacy.url", "config.target", "config.sampling", "config.sample",
                                 "config.compare.rules[0].path"}) {
    EXPECT_NE(message.find(path + ": "), std::string::npos) << path << " in " << message;
  }
}

TEST(AgentConfig, ANameIsNotUsedTwice) {
  EXPECT_NE(ErrorOf(R"({"components": [{"name": "a"}, {"name": "a"}], "legacy": {"url": "http://a"}, "target": {"url": "http://b"}})")
                .find("config.components[1].name: is used twice"),
            std::string::npos);
}

}  // namespace
}  // namespace softmig::agent::testing
