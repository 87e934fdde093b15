#include "cli/options.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/output.hpp"

namespace softmig::cli {
namespace {

ParsedOptions Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "kubectl-softmigration");
  return ParseOptions(static_cast<int>(words.size()), words.data(), {});
}

TEST(Options, TakesFlagsBeforeAndAfterTheVerb) {
  for (const auto& words : {std::vector<const char*>{"-n", "shop", "get", "payments"}, {"get", "payments", "-n", "shop"}}) {
    const auto parsed = Parse(words);
    ASSERT_FALSE(parsed.exit_code);
    EXPECT_EQ(parsed.options.command, Command::kGet);
    EXPECT_EQ(parsed.options.ns, "shop");
    EXPECT_EQ(parsed.options.name, "payments");
  }
}

TEST(Options, ReadsEachVerbWithItsOwn) {
  EXPECT_EQ(Parse({"promote", "payments", "--to", "Shift"}).options.wish.to, model::DesiredPhase::kShift);
  const auto weight = Parse({"set-weight", "payments", "30", "--dry-run"});
  EXPECT_EQ(weight.options.wish.verb, view::Verb::kSetWeight);
  EXPECT_EQ(weight.options.wish.weight, 30);
  EXPECT_TRUE(weight.options.dry_run);
  const auto watch = Parse({"watch", "payments", "--until", "Complete", "--timeout", "10m"});
  EXPECT_EQ(watch.options.until, model::Phase::kComplete);
  EXPECT_EQ(watch.options.timeout, std::chrono::minutes(10));
  EXPECT_EQ(Parse({"list", "-A", "-o", "wide"}).options.format, Format::kWide);
}

TEST(Options, LintTakesSeveralFiles) {
  const auto parsed = Parse({"lint", "-f", "a.yaml", "-f", "-", "-o", "sarif", "--strict", "--requests", "12.5", "--legacy-bad", "0.001"});
  ASSERT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.options.command, Command::kLint);
  EXPECT_EQ(parsed.options.files, (std::vector<std::string>{"a.yaml", "-"}));
  EXPECT_EQ(parsed.options.format, Format::kSarif);
  EXPECT_TRUE(parsed.options.strict);
  EXPECT_EQ(parsed.options.traffic.requests_per_second, 12.5);
}

TEST(Options, AMistakeIsUsage) {
  for (const auto& words : {std::vector<const char*>{},
                            {"frobnicate"},
                            {"get"},
                            {"get", "a", "-o", "wide"},
                            {"set-weight", "a", "x"},
                            {"watch", "a", "--timeout", "soon"},
                            {"promote", "a", "--to", "Pending"},
                            {"lint"},
                            {"lint", "-f", "a", "--legacy-bad", "1"},
                            {"pause"},
                            {"completion", "tcsh"}}) {
    EXPECT_EQ(Parse(words).exit_code, kUsage) << (words.empty() ? "nothing" : words.front());
  }
}

TEST(Options, WhatIsBeingTypedIsTakenAsItIs) {
  const auto parsed = Parse({"__complete", "get", "--", "-n"});
  ASSERT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.options.words, (std::vector<std::string>{"get", "--", "-n"}));
}

TEST(Print, YamlKeepsTextsTexts) {
  const nlohmann::json object{{"a", "true"},           {"b", 1},      {"c", "1"},    {"d", nlohmann::json::array()},
                              {"e", {{"f", nullptr}}}, {"g", "x: y"}, {"h", "plain"}};
  EXPECT_EQ(Print(object, Format::kYaml), "a: \"true\"\nb: 1\nc: \"1\"\nd: []\ne:\n  f: ~\ng: \"x: y\"\nh: plain\n");
}

}  // namespace
}  // namespace softmig::cli
