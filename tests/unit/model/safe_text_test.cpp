#include "model/safe_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "model/text_rules.hpp"

namespace softmig::model {
namespace {

TEST(CutText, LeavesShortTextsAlone) { EXPECT_EQ(CutText("rate 0.1 > 0.05 – breach", 64), "rate 0.1 > 0.05 – breach"); }

TEST(CutText, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(CutText("ääääääääää", 10), "äää…");
  EXPECT_EQ(CutText("abcdefghijk", 10), "abcdefg…");
  EXPECT_EQ(CutText("abc", 2), "ab");
  EXPECT_EQ(CutText("abc", 0), "");
}

TEST(CutText, CountsEscapes) { EXPECT_EQ(CutText(R"("""""""")", 9), "\"\"\"…"); }

TEST(CutText, MakesAnyBytesValid) {
  EXPECT_EQ(CutText("a\xff\nb\xc3", 64), "a? b?");
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 60, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::size_t limit = random() % 50;
    const std::string cut = CutText(bytes, limit);
    EXPECT_LE(nlohmann::json(cut).dump().size(), limit + 2) << "round " << round;  // dump throws on malformed text
    EXPECT_EQ(CutText(cut, limit), cut);
  }
}

TEST(FairLimit, CutsOnlyTheLongOnes) {
  EXPECT_EQ(FairLimit({10, 10, 80}, 60), 40U);
  EXPECT_EQ(FairLimit({50, 50, 50}, 60), 20U);
  EXPECT_GT(FairLimit({10, 20, 30}, 60), 30U);
  EXPECT_GT(FairLimit({}, 0), 0U);
}

TEST(FairTextLimit, IsTheLimitOfWhatTheCutTextsTake) {
  const std::string words(100, 'a'), quotes(100, '"'), broken(100, '\xff');
  EXPECT_EQ(FairTextLimit({{words, 80}, {quotes, 300}, {broken, 200}}, 60), 20U);
  EXPECT_EQ(FairTextLimit({{words, 80}, {words, 10}}, 60), 50U);
  EXPECT_EQ(FairTextLimit({{words, 80}, {quotes, 300}, {broken, 200}}, 379), 199U);  // 80, 200 and 100 bytes: one too many
  EXPECT_GT(FairTextLimit({{words, 80}, {quotes, 300}, {broken, 200}}, 380), 300U);
  EXPECT_GT(FairTextLimit({}, 0), 0U);
}

TEST(TextRules, ReadDecimals) {
  EXPECT_EQ(ParseDecimal("-12.50"), -12.5);
  EXPECT_EQ(ParseDecimal("007"), 7);
  for (const char* text : {"", "-", ".5", "5.", "1e3", "+1", "nan", "inf", " 1", "1.0000000001", "1234567890123456"})
    EXPECT_FALSE(ParseDecimal(text)) << text;
}

TEST(TextRules, KnowRates) {
  for (const char* text : {"0", "0.01", "1", "1.0", "0.999999999"}) EXPECT_TRUE(IsRate(text)) << text;
  for (const char* text : {"", "1.1", "2", "00", "-0", "0.", "1.", "01", "0.0000000001", "1.0001"}) EXPECT_FALSE(IsRate(text)) << text;
}

TEST(TextRules, KnowAddresses) {
  for (const char* text : {"http://a", "https://a.b:1/c/d", "http://[::1]:9090", "http://10.0.0.1:9090/"})
    EXPECT_TRUE(IsHttpAddress(text)) << text;
  for (const char* text :
       {"", "http://", "ftp://a", "http://a b", "http://a?x", "http://a#x", "http://u@a", "http://a:", "http://a:x", "http://[::1"}) {
    EXPECT_FALSE(IsHttpAddress(text)) << text;
  }
}

TEST(TextRules, KnowPlaceholders) {
  for (const char* text : {"", "{", "{a}", "x{{name}}{{target}}", "{ {"}) EXPECT_TRUE(HasOnlyKnownPlaceholders(text)) << text;
  for (const char* text : {"{{", "{{names}}", "{{Name}}", "{{{name}}", "{{name}", "{{name}}{{x}}"})
    EXPECT_FALSE(HasOnlyKnownPlaceholders(text)) << text;
}

}  // namespace
}  // namespace softmig::model
