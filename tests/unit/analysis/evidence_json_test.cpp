#include "analysis/evidence_json.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "model/limits.hpp"
#include "unit/analysis/evidence_fixture.hpp"

namespace softmig::analysis::testing {
namespace {

using nlohmann::json;

EvidenceSettings EverythingAtOnce() {
  EvidenceSettings settings;
  settings.kind = EvidenceSettings::Kind::kRelative;
  settings.hard_limit = 0.5;
  return settings;
}

Feeder Busy() {
  Feeder feeder(EverythingAtOnce());
  feeder.Poll(1000, 3, Counts{9000, 90}).Poll(5, 6).Poll(999, 1, Counts{9001, 40}).Stage().Poll(700, 2, Counts{9000, 55});
  return feeder;
}

TEST(EvidenceJson, AnEmptyStateRoundTrips) {
  const auto back = ParseMetricEvidence(ToJson(MetricEvidence{}));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, MetricEvidence{});
}

TEST(EvidenceJson, EveryFieldRoundTrips) {
  const MetricEvidence state = Busy().state();
  const auto back = ParseMetricEvidence(json::parse(ToJson(state).dump()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, state);
  EXPECT_EQ(ToJson(*back).dump(), ToJson(state).dump());
}

TEST(EvidenceJson, ASimpleMetricStaysSmall) {
  Feeder feeder((EvidenceSettings()));
  for (int i = 0; i < 1000; ++i) feeder.Poll(1234, 12);
  EXPECT_LT(ToJson(feeder.state()).dump().size(), 700U);
}

TEST(EvidenceJson, NumbersAreTextThatGivesTheSameNumber) {
  for (const double number : {0.1, -0.0, 1e-308, 1.0 / 3, 9007199254740993.0, std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()}) {
    const auto back = ParseExact(ExactText(number));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, number);
    EXPECT_EQ(ExactText(*back), ExactText(number));
  }
  for (const char* text : {"", "nan", "1x", " 1", "1 ", "0x10", "1,5", "--1"}) EXPECT_FALSE(ParseExact(text)) << text;
}

MetricEvidence OfBridge(std::size_t agents) {
  MetricEvidence state = Busy().state();
  for (std::size_t i = 0; i < agents; ++i) state.agents.push_back({~std::uint64_t{i}, {123456789.0 + i, 12}, 34567});
  return state;
}

TEST(EvidenceJson, WhatTheAgentsOfABridgeHadCountedRoundTrips) {
  const MetricEvidence state = OfBridge(3);
  const auto back = ParseMetricEvidence(json::parse(ToJson(state).dump()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, state);
  EXPECT_FALSE(ToJson(Busy().state()).contains("agents")) << "as it was written before there were bridges";
}

TEST(EvidenceJson, AsManyAgentsAsAreRememberedFitIntoStatus) {
  Feeder feeder((EvidenceSettings()));
  for (int i = 0; i < 1000; ++i) feeder.Poll(1234, 12);
  MetricEvidence state = feeder.state();
  state.agents = OfBridge(kMostAgents).agents;
  EXPECT_LT(ToJson(state).dump().size(), model::limits::kEvidenceStateBytes);
}

TEST(EvidenceJson, RefusesAgentsThatItCannotHaveWritten) {
  const json good = ToJson(OfBridge(2));
  const std::vector<json> broken{7,
                                 json::object(),
                                 json::array({7}),
                                 json::array({json::array({"00"})}),
                                 json::array({json::array({"00ff00ff00ff00ff", json::array({"1", "2", "0"})})}),
                                 json::array({json::array({"00ff00ff00ff00ff", json::array({"1", "0"})})}),
                                 json::array({json::array({"00ff00ff00ff00ff", json::array({"inf", "0", "0"})})}),
                                 json::array({json::array({"00ff00ff00ff00ff", json::array({"1", "0", "-1"})})}),
                                 json(std::vector<json>(kMostAgents + 1, good["agents"][0]))};
  for (const json& agents : broken) {
    json document = good;
    document["agents"] = agents;
    EXPECT_FALSE(ParseMetricEvidence(document)) << agents;
  }
}

TEST(EvidenceJson, RefusesWhatItCannotHaveWritten) {
  const json good = ToJson(Busy().state());
  ASSERT_TRUE(ParseMetricEvidence(good));
  const auto refused = [&](const char* pointer, const json& value) {
    json broken = good;
    broken[json::json_pointer(pointer)] = value;
    return !ParseMetricEvidence(broken).has_value();
  };
  EXPECT_TRUE(refused("/specHash", "12"));
  EXPECT_TRUE(refused("/specHash", "zzzzzzzzzzzzzzzz"));
  EXPECT_TRUE(refused("/lastWindowEnd", "noon"));
  EXPECT_TRUE(refused("/detector", nullptr));
  EXPECT_TRUE(refused("/detector/t", "inf"));
  EXPECT_TRUE(refused("/detector/t", "-1"));
  EXPECT_TRUE(refused("/detector/i", -1));
  EXPECT_TRUE(refused("/detector/i", 1.5));
  EXPECT_TRUE(refused("/detector/i", 18446744073709551615ULL));
  EXPECT_TRUE(refused("/detector/logS/3", "nan"));
  EXPECT_TRUE(refused("/detector/logS/3", "inf"));
  EXPECT_TRUE(refused("/detector/logS/3", 0.5));
  EXPECT_TRUE(refused("/detector/logS/12", "0"));
  EXPECT_TRUE(refused("/total", json::array({"1", "2"})));
  EXPECT_TRUE(refused("/total", json::array({"1"})));
  EXPECT_TRUE(refused("/stage/target", json::array({"inf", "2"})));
  EXPECT_TRUE(refused("/noise/sum", "-1"));
  EXPECT_TRUE(refused("/noise/pooled", json::array({"0", "0"})));
  EXPECT_TRUE(refused("/dropped/BadExceedsTotal", -1));
  for (const json& document : {json(), json(3), json("text"), json::array(), json::object()}) EXPECT_FALSE(ParseMetricEvidence(document));
}

}  // namespace
}  // namespace softmig::analysis::testing
