#include <gtest/gtest.h>

#include <chrono>

#include "compare/difference_sample.hpp"
#include "compare/noise.hpp"
#include "compare/verdict_counts.hpp"
#include "unit/compare/compare_fixture.hpp"

/// What is kept of many outcomes: counts, noise and a sample.
namespace softmig::compare::testing {
namespace {

const base::WallTime kNow{std::chrono::seconds(1'763'900'000)};

Outcome Same() { return {}; }

Outcome Different(const std::vector<std::string>& paths, bool critical = false) {
  Outcome outcome;
  outcome.verdict = Verdict::kDiffers;
  for (const std::string& path : paths) {
    outcome.fields.push_back({path, {ValueKind::kString, "geheim-a"}, {ValueKind::kString, "geheim-b"}, 1, critical, false});
  }
  return outcome;
}

bool IsNoise(const NoiseControl& noise, Outcome outcome) { return noise.Mark(outcome); }

void Repeat(int times, const std::function<void()>& work) {
  for (int i = 0; i < times; ++i) work();
}

TEST(NoiseControl, HidesWhatDiffersWithinLegacyAsWell) {
  NoiseControl noise(0.01);
  Repeat(2'000, [&] { noise.AddRaw(Different({"$.now"})); });
  Repeat(20, [&] { noise.AddControl(Different({"$.now"})); });
  EXPECT_FALSE(IsNoise(noise, Different({"$.now"}))) << "not before it was looked at";
  noise.Refresh();
  EXPECT_TRUE(IsNoise(noise, Different({"$.now"})));
  EXPECT_FALSE(IsNoise(noise, Different({"$.now", "$.price"}))) << "one field that is no noise is enough";
  EXPECT_FALSE(IsNoise(noise, Different({"$.now"}, true))) << "critical fields are never noise";
  EXPECT_FALSE(IsNoise(noise, Same()));
  Outcome more = Different({"$.now"});
  more.more_fields = true;
  EXPECT_FALSE(IsNoise(noise, more)) << "nobody knows the others";
}

TEST(NoiseControl, HidesNothingForWantOfControls) {
  NoiseControl noise(0.01);
  Repeat(1'000, [&] { noise.AddRaw(Different({"$.price"})); });
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({"$.price"})));
  Repeat(50, [&] { noise.AddControl(Same()); });
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({"$.price"})));
}

TEST(NoiseControl, HidesNothingUntilControlsExplainHalfOfIt) {
  NoiseControl noise(0.01);
  Repeat(1'000, [&] { noise.AddRaw(Different({"$.price"})); });
  noise.AddControl(Different({"$.price"}));
  Repeat(2, [&] { noise.AddControl(Same()); });
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({"$.price"}))) << "one control that differed may be one of a hundred";
  NoiseControl unseen(0.01);
  Repeat(2'000, [&] { unseen.AddRaw(Same()); });
  Repeat(20, [&] { unseen.AddControl(Different({"$.price"})); });
  unseen.Refresh();
  EXPECT_FALSE(IsNoise(unseen, Different({"$.price"}))) << "what never differed from the target is hidden when it first does, not before";
}

TEST(NoiseControl, ShowsADefectBehindNoiseOnceTheCountsSaySo) {
  NoiseControl noise(0.01);
  const auto day = [&] {
    Repeat(1'050, [&] { noise.AddRaw(Different({"$.x"})); });
    Repeat(1'950, [&] { noise.AddRaw(Same()); });
    Repeat(90, [&] { noise.AddControl(Different({"$.x"})); });
    Repeat(210, [&] { noise.AddControl(Same()); });
  };
  day();
  noise.Refresh();
  EXPECT_TRUE(IsNoise(noise, Different({"$.x"}))) << "35 % against 30 % of 300: too few to tell";
  Repeat(40, day);
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({"$.x"})));
  const FieldNoise field = noise.Fields().front();
  EXPECT_GT(field.excess.lower, 0);
  EXPECT_LT(field.excess.lower, 0.05);
  EXPECT_GT(field.excess.upper, 0.05) << "the true difference is within";
  EXPECT_EQ(field.raw.bad, 43'050);
  EXPECT_EQ(field.control.total, 12'300);
}

TEST(NoiseControl, ADefectThatComesLaterIsShownWithoutMoreControls) {
  NoiseControl noise(0.01);
  Repeat(900, [&] { noise.AddRaw(Same()); });
  Repeat(100, [&] { noise.AddRaw(Different({"$.x"})); });
  Repeat(540, [&] { noise.AddControl(Same()); });
  Repeat(60, [&] { noise.AddControl(Different({"$.x"})); });
  noise.Refresh();
  ASSERT_TRUE(IsNoise(noise, Different({"$.x"})));
  Repeat(300, [&] { noise.AddRaw(Different({"$.x"})); });
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({"$.x"})));
}

TEST(NoiseControl, IsOfTheKindsThatDifferedWithinLegacy) {
  NoiseControl noise(0.01);
  const auto lacking = [](bool target) {
    Outcome outcome = Different({"$.now"});
    (target ? outcome.fields[0].target : outcome.fields[0].legacy) = {};
    return outcome;
  };
  Repeat(2'000, [&] { noise.AddRaw(Different({"$.now"})); });
  Repeat(20, [&] { noise.AddControl(Different({"$.now"})); });
  noise.Refresh();
  ASSERT_TRUE(IsNoise(noise, Different({"$.now"})));
  EXPECT_FALSE(IsNoise(noise, lacking(true))) << "another time is noise, none at all is not";
  Outcome mixed = Different({"$.now"});
  mixed.fields[0].mixed = true;
  EXPECT_FALSE(IsNoise(noise, mixed)) << "of a list whose first element alone is so";
  Repeat(20, [&] { noise.AddRaw(lacking(true)); });
  Repeat(20, [&] { noise.AddControl(lacking(false)); });
  noise.Refresh();
  EXPECT_TRUE(IsNoise(noise, lacking(true))) << "legacy may lack it in either answer";
}

TEST(NoiseControl, NeverHidesWhatHoldsOtherValuesNorAnotherStatus) {
  for (const ValueKind kind : {ValueKind::kObject, ValueKind::kArray, ValueKind::kBytes}) {
    NoiseControl noise(0.01);
    Outcome outcome = Different({"$.payment"});
    outcome.fields[0].legacy.kind = kind;
    Repeat(2'000, [&] { noise.AddRaw(outcome); });
    Repeat(100, [&] { noise.AddControl(outcome); });
    noise.Refresh();
    EXPECT_FALSE(IsNoise(noise, outcome)) << Name(kind);
    EXPECT_EQ(noise.Total().control.bad, 100);
  }
  NoiseControl noise(0.01);
  Outcome outcome = Different({"status"});
  outcome.verdict = Verdict::kStatusDiffers;
  Repeat(2'000, [&] { noise.AddRaw(outcome); });
  Repeat(100, [&] { EXPECT_TRUE(noise.AddControl(outcome)); });
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, outcome)) << "however often legacy's own status changes";
}

TEST(NoiseControl, MarksWhatIsNoiseBesideWhatIsNot) {
  NoiseControl noise(0.01);
  Repeat(200, [&] { noise.AddRaw(Different({"$.now"})); });
  Repeat(20, [&] { noise.AddControl(Different({"$.now"})); });
  noise.Refresh();
  Outcome outcome = Different({"$.now", "$.price"});
  EXPECT_FALSE(noise.Mark(outcome));
  EXPECT_TRUE(outcome.fields[0].hidden);
  EXPECT_FALSE(outcome.fields[1].hidden);
}

TEST(NoiseControl, TellsWhatItHides) {
  NoiseControl noise(0.01);
  Repeat(200, [&] { noise.AddRaw(Different({"$.now", "$.price"})); });
  Repeat(20, [&] { noise.AddControl(Different({"$.now"})); });
  noise.Refresh();
  const nlohmann::json told = NoiseJson(noise.noisy());
  ASSERT_EQ(told.size(), 1U) << "what legacy never does is no noise";
  EXPECT_EQ(told[0]["path"], "$.now");
  EXPECT_EQ(told[0]["kinds"], nlohmann::json({"string", "string"}));
  EXPECT_EQ(told[0]["differs"], 200);
  EXPECT_EQ(told[0]["controls"], nlohmann::json({{"differs", 20}, {"compared", 20}}));
  EXPECT_EQ(told[0]["hidden"], true);
  EXPECT_LT(told[0]["excess"][0], 0);
}

TEST(NoiseControl, CountsOnlyWhatWasCompared) {
  NoiseControl noise(0.01);
  Outcome outcome;
  for (const Verdict verdict : {Verdict::kTargetError, Verdict::kTargetTimeout, Verdict::kDropped, Verdict::kUncomparable}) {
    outcome.verdict = verdict;
    noise.AddRaw(outcome);
    EXPECT_FALSE(noise.AddControl(outcome));
  }
  EXPECT_EQ(noise.Total().raw.total, 0);
  EXPECT_EQ(noise.Total().excess, (analysis::Interval{-1, 1})) << "nothing is known";
  noise.AddRaw(Different({"$.a", "$.b"}));
  EXPECT_EQ(noise.Total().raw, (analysis::Counts{1, 1})) << "an exchange counts once";
}

TEST(NoiseControl, IsBounded) {
  NoiseControl noise(0.01);
  for (std::size_t i = 0; i < 2 * NoiseControl::kMostFields; ++i) noise.AddControl(Different({"$.f" + std::to_string(i)}));
  EXPECT_EQ(noise.Fields().size(), NoiseControl::kMostFields);
  const std::string beyond = "$.f" + std::to_string(2 * NoiseControl::kMostFields - 1);
  noise.Refresh();
  EXPECT_FALSE(IsNoise(noise, Different({beyond})));
}

TEST(VerdictCounts, HoldEachEligibleRequestOnce) {
  VerdictCounts counts("e1", {{"refunds", 0xABC}, {"checkout", 1}});
  Repeat(5, [&] { counts.AddEligible(0); });
  counts.Add(0, Verdict::kEqual, Reason::kNone);
  counts.Add(0, Verdict::kDiffers, Reason::kNone);
  counts.AddHidden(0);
  counts.Add(0, Verdict::kDropped, Reason::kBufferFull);
  counts.Add(0, Verdict::kUncomparable, Reason::kParse);
  const ComponentCounts& refunds = counts.components()[0];
  EXPECT_EQ(refunds.Decided(), 4U);
  EXPECT_EQ(refunds.UnderWay(), 1U);
  EXPECT_EQ(counts.components()[1].eligible, 0U);
  const nlohmann::json written = counts.ToJson();
  EXPECT_EQ(written["epoch"], "e1");
  const nlohmann::json& component = written["components"][0];
  EXPECT_EQ(component["rulesHash"], "0000000000000abc");
  EXPECT_EQ(component["verdicts"].size(), kVerdicts) << "zeros are there";
  EXPECT_EQ(component["verdicts"]["differs"], 1);
  EXPECT_EQ(component["dropped"]["buffer-full"], 1);
  EXPECT_EQ(component["uncomparable"]["parse"], 1);
  EXPECT_EQ(component["dropped"].size() + component["uncomparable"].size() + 1, kReasons) << "every reason belongs to one verdict";
  EXPECT_EQ(component["hidden"], 1);
}

TEST(VerdictCountsDeathTest, RefuseAVerdictTooMany) {
  VerdictCounts counts("e1", {{"all", 0}});
  EXPECT_DEATH(counts.Add(0, Verdict::kEqual, Reason::kNone), "UnderWay");
  counts.AddEligible(0);
  EXPECT_DEATH(counts.Add(0, Verdict::kEqual, Reason::kParse), "Fits");
  EXPECT_DEATH(counts.Add(0, Verdict::kDropped, Reason::kNone), "Fits");
}

ValueDigest Digest() { return *ValueDigest::Make("0123456789abcdef0123"); }

TEST(ValueDigest, IsKeyed) {
  EXPECT_FALSE(ValueDigest::Make("short"));
  // RFC 4231, test case 3.
  const auto known = ValueDigest::Make(std::string(20, '\xaa'));
  EXPECT_EQ(known->Of(std::string(50, '\xdd')), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_NE(Digest().Of("a"), known->Of("a"));
  EXPECT_EQ(Digest().Of("a"), Digest().Of("a"));
}

TEST(DifferenceSample, KeepsNoValueUnlessItIsShown) {
  DifferenceSample sample(Digest(), 10);
  Outcome outcome = Different({"$.iban", "$.currency"});
  outcome.fields[1].shown = true;
  outcome.fields[1].target = {};
  sample.Add("all", outcome, kNow);
  sample.Add("all", Different({"$.iban"}), kNow + base::Millis(2'000));
  const std::vector<SampledDifference> worst = sample.Worst();
  ASSERT_EQ(worst.size(), 2U);
  EXPECT_EQ(worst[0].path, "$.iban");
  EXPECT_EQ(worst[0].count, 2U);
  EXPECT_EQ(worst[0].first, kNow);
  EXPECT_EQ(worst[0].last, kNow + base::Millis(2'000));
  EXPECT_EQ(worst[0].legacy.digest, Digest().Of("geheim-a"));
  EXPECT_EQ(worst[0].target.digest, Digest().Of("geheim-b"));
  EXPECT_EQ(worst[1].legacy.shown, "geheim-a");
  EXPECT_EQ(worst[1].target.digest, "") << "there was none";
  const nlohmann::json written = sample.ToJson();
  EXPECT_EQ(written["differences"][0].dump().find("geheim"), std::string::npos);
  EXPECT_EQ(written["differences"][1]["legacy"]["shown"], "geheim-a");
  EXPECT_EQ(written["differences"][0]["first"], "2025-11-23T12:13:20Z");
}

TEST(DifferenceSample, PutsCriticalFieldsFirst) {
  DifferenceSample sample(Digest(), 10);
  Repeat(3, [&] { sample.Add("all", Different({"$.often"}), kNow); });
  sample.Add("all", Different({"$.amount"}, true), kNow);
  EXPECT_EQ(sample.Worst().front().path, "$.amount");
}

TEST(DifferenceSample, PutsNoiseLastAndCountsWhatIsHidden) {
  DifferenceSample sample(Digest(), 10);
  Repeat(2, [&] { sample.Add("all", Different({"$.now"}), kNow); });
  Outcome noise = Different({"$.now", "$.price"});
  noise.fields[0].hidden = true;
  Repeat(30, [&] { sample.Add("all", noise, kNow); });
  Repeat(3, [&] { sample.Add("all", Different({"$.price"}), kNow); });
  ASSERT_EQ(sample.Worst().size(), 2U);
  EXPECT_EQ(sample.Worst()[0].path, "$.price");
  EXPECT_EQ(sample.Worst()[0].hidden, 0U);
  EXPECT_EQ(sample.Worst()[1].count, 32U);
  EXPECT_EQ(sample.Worst()[1].hidden, 30U);
  EXPECT_EQ(sample.ToJson()["differences"][1]["hidden"], 30);
}

TEST(DifferenceSample, MakesRoomWithWhatWasSeenLeast) {
  DifferenceSample sample(Digest(), 2);
  Repeat(3, [&] { sample.Add("all", Different({"$.often"}), kNow); });
  sample.Add("all", Different({"$.once"}), kNow);
  sample.Add("all", Different({"$.new"}), kNow);
  ASSERT_EQ(sample.Worst().size(), 2U);
  EXPECT_EQ(sample.Worst()[0].path, "$.often");
  EXPECT_EQ(sample.Worst()[1].path, "$.new");
  EXPECT_EQ(sample.Worst()[1].count, 1U);
  EXPECT_EQ(sample.ToJson()["leftOut"], 1);
}

TEST(DifferenceSample, WritesWhateverTheValuesHold) {
  DifferenceSample sample(Digest(), 2);
  Outcome outcome = Different({"$.a"});
  outcome.fields[0].shown = true;
  outcome.fields[0].legacy.text = "\xff\x01\xc3";
  sample.Add("all", outcome, kNow);
  EXPECT_FALSE(sample.ToJson().dump().empty()) << "only UTF-8 can be written";
}

}  // namespace
}  // namespace softmig::compare::testing
