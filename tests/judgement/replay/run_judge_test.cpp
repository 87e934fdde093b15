#include "judge/run_judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "judge/judge_input.hpp"

namespace softmig::judge {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int code = 0;
  std::vector<json> lines;
  std::string out, err;
};

Outcome Replayed(const std::string& input, const JudgeOptions& options) {
  std::istringstream in(input);
  std::ostringstream out, err;
  Outcome outcome;
  outcome.code = RunJudge(in, out, err, options);
  outcome.out = out.str();
  outcome.err = err.str();
  std::istringstream text(outcome.out);
  for (std::string line; std::getline(text, line);) outcome.lines.push_back(json::parse(line));
  return outcome;
}

JudgeOptions Options(double tolerance = 0.01) {
  JudgeOptions options;
  options.settings.tolerance = tolerance;
  options.settings.phi = 1;
  return options;
}

JudgeOptions Capped(const json& cap, double phi) {
  JudgeOptions options = Options();
  options.settings.cap = cap.is_null() ? std::numeric_limits<double>::infinity() : cap.get<double>();
  options.settings.phi = phi;
  return options;
}

json Golden() {
  std::ifstream file(std::string(SOFTMIG_SOURCE_DIR) + "/tests/unit/analysis/golden_vectors.json");
  return json::parse(file);
}

void ExpectLogM(const Outcome& outcome, const json& steps) {
  EXPECT_EQ(outcome.code, kAllJudged) << outcome.err;
  ASSERT_EQ(outcome.lines.size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double expected = steps[i].at("logM").get<double>();
    EXPECT_NEAR(outcome.lines[i].at("logM").get<double>(), expected, 1e-9 * std::max(1.0, std::abs(expected))) << steps[i];
    if (steps[i].contains("rollback_alpha_0_01")) {
      EXPECT_EQ(outcome.lines[i].at("verdict") == "rollback", steps[i].at("rollback_alpha_0_01").get<bool>()) << steps[i];
    }
  }
}

TEST(RunJudge, ReplaysTheGoldenSequencesFromJsonAndFromCsv) {
  int replayed = 0;
  const json golden = Golden();
  for (const json& sequence : golden.at("detector_sequences")) {
    if (sequence.at("mode") != "binomial") continue;
    JudgeOptions options = Capped(sequence.at("cap"), sequence.at("phi").get<double>());
    options.settings.tolerance = sequence.at("p0").get<double>();
    std::string lines, table = "op,dt,n,k\n";
    for (const json& step : sequence.at("steps")) {
      if (step.at("op") == "stageStart") {
        lines += R"({"op":"stage"})"
                 "\n";
        table += "stage,,,\n";
      } else {
        lines += json{{"op", "poll"}, {"dt", step.at("dt")}, {"n", step.at("n")}, {"k", step.at("k")}}.dump() + "\n";
        table += "poll," + step.at("dt").dump() + "," + step.at("n").dump() + "," + step.at("k").dump() + "\n";
      }
    }
    const Outcome from_json = Replayed(lines, options);
    ExpectLogM(from_json, sequence.at("steps"));
    EXPECT_EQ(Replayed(table, options).out, from_json.out);
    ++replayed;
  }
  EXPECT_EQ(replayed, 5);
}

TEST(RunJudge, ReplaysTheGoldenSequenceRelativeToLegacy) {
  const json golden = Golden();
  const json& sequence = golden.at("relative_sequence");
  JudgeOptions options = Capped(sequence.at("cap"), 1);
  options.settings.kind = analysis::EvidenceSettings::Kind::kRelative;
  options.settings.ratio = sequence.at("r0").get<double>();
  options.settings.floor = 0;
  std::string table = "n,k,n2,k2,dt\n";
  for (const json& step : sequence.at("steps")) {
    for (const char* name : {"n1", "k1", "n2", "k2"}) table += step.at(name).dump() + ",";
    table += step.at("dt").dump() + "\n";
  }
  ExpectLogM(Replayed(table, options), sequence.at("steps"));
}

TEST(RunJudge, WritesFiveFieldsWithAllDigits) {
  const Outcome outcome = Replayed("n,k\n1000,10\n", Options());
  ASSERT_EQ(outcome.lines.size(), 1U);
  EXPECT_THAT(outcome.out, StartsWith(R"({"logM":)"));
  EXPECT_EQ(outcome.lines[0].size(), 5U);
  EXPECT_EQ(outcome.lines[0].at("verdict"), "undecided");
  EXPECT_NEAR(outcome.lines[0].at("lower").get<double>(), 0.00195993891751, 1e-14);
  EXPECT_NEAR(outcome.lines[0].at("upper").get<double>(), 0.0286304584552, 1e-13);
  EXPECT_TRUE(outcome.lines[0].at("logEminus").is_number());
}

TEST(RunJudge, AGoodVersionIsPromotedAndABadOneRolledBack) {
  std::string good = "n,k\n", bad = "n,k\n";
  for (int i = 0; i < 20; ++i) {
    good += "1000,2\n";
    bad += "1000,40\n";
  }
  EXPECT_EQ(Replayed(good, Options()).lines.back().at("verdict"), "promote");
  EXPECT_EQ(Replayed(bad, Options()).lines.back().at("verdict"), "rollback");
}

TEST(RunJudge, ARollbackStaysOne) {
  std::string input = "n,k\n";
  for (int i = 0; i < 20; ++i) input += "1000,60\n";
  for (int i = 0; i < 200; ++i) input += "100000,0\n";
  const Outcome outcome = Replayed(input, Options());
  EXPECT_LT(outcome.lines.back().at("logM").get<double>(), std::log(100));
  EXPECT_EQ(outcome.lines.back().at("verdict"), "rollback");
}

TEST(RunJudge, ToleranceZeroEndsAtTheFirstBadOne) {
  const Outcome outcome = Replayed("n,k\n1000,0\n1000,1\n", Options(0));
  EXPECT_EQ(outcome.lines[0].at("verdict"), "undecided");
  EXPECT_EQ(outcome.lines[1].at("verdict"), "rollback");
  EXPECT_TRUE(outcome.lines[1].at("logM").is_null());
}

TEST(RunJudge, NoRequestsSayNoData) { EXPECT_EQ(Replayed("n,k\n0,0\n", Options()).lines.at(0).at("verdict"), "noData"); }

TEST(RunJudge, TheFirstPollBeginsAStageWhereNobodyDid) {
  const Outcome with = Replayed("{\"op\":\"stage\"}\n{\"n\":60,\"k\":1}\n", Options());
  const Outcome without = Replayed("{\"n\":60,\"k\":1}\n", Options());
  EXPECT_EQ(with.lines.back(), without.lines.back());
}

TEST(RunJudge, TheDefaultCapFollowsTheWindow) {
  JudgeOptions explicit_cap = Options();
  explicit_cap.settings.cap = 16.5 * 30 / 60;
  const std::string input = R"({"dt":30,"n":1000,"k":500})"
                            "\n";
  EXPECT_EQ(Replayed(input, Options()).out, Replayed(input, explicit_cap).out);
  explicit_cap.settings.cap = std::numeric_limits<double>::infinity();
  EXPECT_NE(Replayed(input, Options()).out, Replayed(input, explicit_cap).out);
}

TEST(RunJudge, ALineThatCannotBeReadEndsTheRunWithItsNumber) {
  const std::pair<std::string, std::string> cases[] = {{"n,k\n60,1\n60,x\n60,1\n", "line 3: k is not a number: \"x\""},
                                                       {"n,k\n60,1\n60\n", "line 3: 1 cells, the header has 2"},
                                                       {"n,k\n60,1,2\n", "line 2: 3 cells, the header has 2"},
                                                       {"n,k\n60,\n", "line 2: k is missing"},
                                                       {"n,k,n2\n60,1,60\n", "line 2: k2 is missing"},
                                                       {"n,k,op\n60,1,pole\n", "line 2: op must be stage or poll, not \"pole\""},
                                                       {"n,bad\n60,1\n", "line 1: neither JSON nor a CSV header with the columns n and k"},
                                                       {"n,k,k\n60,1,1\n", "line 1: two columns are called k"},
                                                       {"n,k,dt\n60,1,1e30\n", "line 2: dt must be seconds, at most 1e9"},
                                                       {"n,k,dt\n60,1,nan\n", "line 2: dt must be seconds, at most 1e9"},
                                                       {"{\"n\":60,\"k\":1}\n\n{\"n\":60,\"k\":\n", "line 3: not JSON"},
                                                       {"{\"n\":60,\"k\":1}\n[1]\n", "line 2: not a JSON object"},
                                                       {"{\"n\":60,\"k\":\"1\"}\n", "line 1: k is not a number"},
                                                       {"{\"n\":60,\"k\":true}\n", "line 1: k is not a number"},
                                                       {"{\"n\":60}\n", "line 1: k is missing"},
                                                       {"{\"op\":7}\n", "line 1: op must be stage or poll"},
                                                       {"{\"n\":1e999,\"k\":1}\n", "line 1: not JSON"},
                                                       {"", "line 1: the input is empty"}};
  for (const auto& [input, message] : cases) {
    const Outcome outcome = Replayed(input, Options());
    EXPECT_EQ(outcome.code, kBadInput) << input;
    EXPECT_EQ(outcome.err, message + "\n") << input;
  }
}

TEST(RunJudge, AWindowThatCannotBeIsDroppedAndToldAndTheRestIsJudged) {
  const Outcome outcome = Replayed("n,k,dt\n1000,8,10\n5,6,10\n-1,0,10\n5,1,0\nnan,1,10\n1000,8,10\n", Options());
  EXPECT_EQ(outcome.code, kBadInput);
  ASSERT_EQ(outcome.lines.size(), 6U);
  EXPECT_EQ(outcome.lines[1].at("dropped"), "BadExceedsTotal");
  EXPECT_EQ(outcome.lines[2].at("dropped"), "Negative");
  EXPECT_EQ(outcome.lines[3].at("dropped"), "NoDuration");
  EXPECT_EQ(outcome.lines[4].at("dropped"), "NotFinite");
  for (int i = 1; i < 5; ++i) EXPECT_EQ(outcome.lines[i].at("logM"), outcome.lines[0].at("logM"));
  EXPECT_EQ(outcome.lines[5], Replayed("n,k\n1000,8\n1000,8\n", Options()).lines[1]);
  EXPECT_THAT(outcome.err, StartsWith("line 3: dropped, it is no evidence: BadExceedsTotal\n"));
}

TEST(RunJudge, RelativeToLegacyNeedsLegacy) {
  JudgeOptions options = Options();
  options.settings.kind = analysis::EvidenceSettings::Kind::kRelative;
  const Outcome outcome = Replayed("n,k\n60,1\n", options);
  EXPECT_EQ(outcome.code, kBadInput);
  EXPECT_THAT(outcome.err, StartsWith("line 2: n2 and k2 are missing"));
}

TEST(RunJudge, SettingsThatMakeNoSenseAreRefused) {
  const Outcome outcome = Replayed("n,k\n60,1\n", Options(2));
  EXPECT_EQ(outcome.code, kBadInput);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("tolerated rate"));
}

TEST(RunJudge, TakesWindowsEndsBlankLinesQuotesAndOtherColumns) {
  const Outcome plain = Replayed("n,k\n60,1\n61,0\n", Options());
  const Outcome odd = Replayed("\xEF\xBB\xBF when , \"k\", n\r\n\r\nmonday, \"1\" ,60\r\n\r\ntuesday,0,61", Options());
  EXPECT_EQ(odd.code, kAllJudged) << odd.err;
  EXPECT_EQ(odd.out, plain.out);
}

TEST(RunJudge, ALineIsBounded) {
  const std::string longest(JudgeInput::kMostBytes - 1 - 15, ' ');
  EXPECT_EQ(Replayed("{\"n\":60,\"k\":1 " + longest + "}\n", Options()).code, kAllJudged);
  const Outcome outcome = Replayed("n,k\n60,1\n" + std::string(JudgeInput::kMostBytes, '1') + "\n", Options());
  EXPECT_EQ(outcome.code, kBadInput);
  EXPECT_THAT(outcome.err, StartsWith("line 3: longer than 65535 bytes"));
}

TEST(RunJudge, OutputThatCannotBeWrittenEndsTheRun) {
  std::istringstream in("n,k\n60,1\n");
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(RunJudge(in, out, err, Options()), kOutputFailed);
}

}  // namespace
}  // namespace softmig::judge
