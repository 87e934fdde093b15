#include "providers/bridge/bridge_counts.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace softmig::providers {
namespace {

using nlohmann::json;

json Answer() {
  return json::parse(R"({"epoch": "e1", "routes": "x", "components": [
    {"name": "all", "rulesHash": "00ff", "eligible": 20, "hidden": 0,
     "verdicts": {"equal": 10, "equal-after-rules": 2, "differs": 1, "status-differs": 0, "target-error": 1, "target-timeout": 0,
                  "dropped": 3, "uncomparable": 2}}]})");
}

TEST(BridgeCounts, AreReadByComponentAndVerdict) {
  const auto counts = ReadBridgeCounts(Answer());
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->epoch, "e1");
  EXPECT_EQ(counts->components.at("all").rules, "00ff");
  EXPECT_EQ(counts->components.at("all").verdicts.at("dropped"), 3);
}

TEST(BridgeCounts, WhatWasNotComparedCountsOnlyWhereItIsBad) {
  const ComponentVerdicts all = ReadBridgeCounts(Answer())->components.at("all");
  EXPECT_EQ(*SumVerdicts(all, {"differs", "target-error"}), (VerdictSums{14, 2, 5}));
  EXPECT_EQ(*SumVerdicts(all, {"dropped", "uncomparable"}), (VerdictSums{19, 5, 0}));
  EXPECT_EQ(*SumVerdicts(all, {"dropped"}), (VerdictSums{17, 3, 2}));
}

TEST(BridgeCounts, NoiseWasComparedAndIsNotBad) {
  json answer = Answer();
  answer["components"][0]["verdicts"]["differs"] = 9;
  answer["components"][0]["hidden"] = 8;
  const ComponentVerdicts all = ReadBridgeCounts(answer)->components.at("all");
  EXPECT_EQ(*SumVerdicts(all, {"differs"}), (VerdictSums{22, 1, 5}));
  EXPECT_EQ(*SumVerdicts(all, {"target-error", "status-differs"}), (VerdictSums{22, 1, 5})) << "an error is never noise";
  answer["components"][0].erase("hidden");
  EXPECT_EQ(*SumVerdicts(ReadBridgeCounts(answer)->components.at("all"), {"differs"}), (VerdictSums{22, 9, 5}))
      << "of an agent that knows no noise everything counts";
}

TEST(BridgeCounts, WhatAFailingTargetWasNotAskedIsBadWhereFailingIs) {
  json answer = Answer();
  answer["components"][0]["verdicts"]["dropped"] = 100;
  answer["components"][0]["targetUnasked"] = 90;
  const ComponentVerdicts all = ReadBridgeCounts(answer)->components.at("all");
  EXPECT_EQ(*SumVerdicts(all, {"target-error"}), (VerdictSums{104, 91, 12})) << "12 equal ones do not outweigh it";
  EXPECT_EQ(*SumVerdicts(all, {"differs", "status-differs"}), (VerdictSums{104, 91, 12}));
  EXPECT_EQ(*SumVerdicts(all, {"differs"}), (VerdictSums{14, 1, 102})) << "nobody knows whether it would have differed";
  EXPECT_EQ(*SumVerdicts(all, {"dropped", "target-error"}), (VerdictSums{114, 101, 2})) << "once";
}

TEST(BridgeCounts, OfAnAgentThatDoesNotKnowAVerdictAreNoZeros) {
  const auto sums = SumVerdicts(ReadBridgeCounts(Answer())->components.at("all"), {"differs", "later"});
  ASSERT_FALSE(sums);
  EXPECT_EQ(sums.error().message, "the agent's counts: it knows no verdict \"later\"");
}

TEST(BridgeCounts, RefuseWhatNoAgentCanHaveSaid) {
  const auto edited = [](const char* path, json value) {
    json answer = Answer();
    answer[json::json_pointer(path)] = std::move(value);
    return answer;
  };
  json without_name = Answer();
  without_name["components"][0].erase("name");
  json twice = Answer();
  twice["components"].push_back(twice["components"][0]);
  json many_verdicts = json::object();
  for (int i = 0; i < 33; ++i) many_verdicts["v" + std::to_string(i)] = i;
  const std::vector<json> cases{nullptr,
                                7,
                                json::array(),
                                json::object(),
                                without_name,
                                twice,
                                edited("/epoch", ""),
                                edited("/epoch", 1),
                                edited("/components", 1),
                                edited("/epoch", std::string(129, 'e')),
                                edited("/components", json::array({1})),
                                edited("/components/0/name", std::string(200, 'n')),
                                edited("/components/0/verdicts", json::array()),
                                edited("/components/0/verdicts", many_verdicts),
                                edited("/components/0/verdicts/equal", -1),
                                edited("/components/0/verdicts/equal", 1.5),
                                edited("/components/0/verdicts/equal", "1"),
                                edited("/components/0/hidden", 2),
                                edited("/components/0/hidden", -1),
                                edited("/components/0/hidden", nullptr),
                                edited("/components/0/targetUnasked", 4),
                                edited("/components/0/targetUnasked", -1),
                                edited("/components/0/verdicts/equal", 2e300),
                                edited("/components/0/verdicts/equal", 18446744073709551615ULL),
                                edited("/components/0/verdicts/equal", nullptr),
                                edited("/components/0/rulesHash", std::string(200, 'f')),
                                edited("/components", json(std::vector<json>(65, json{{"name", "x"}, {"verdicts", json::object()}})))};
  for (const json& answer : cases) EXPECT_FALSE(ReadBridgeCounts(answer)) << answer.dump().substr(0, 200);
}

}  // namespace
}  // namespace softmig::providers
