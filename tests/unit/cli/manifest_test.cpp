#include "cli/manifest.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/yaml_text.hpp"

namespace softmig::cli {
namespace {

using nlohmann::json;

json Only(const std::string& text) {
  const Manifest manifest = ReadManifest(text);
  EXPECT_TRUE(manifest.errors.empty()) << manifest.errors.front().message;
  return manifest.documents.size() == 1 ? *manifest.documents[0].object : json();
}

std::string Text(const Mark& mark) { return std::to_string(mark.line) + ":" + std::to_string(mark.column); }

TEST(Manifest, KnowsWhereEverythingStands) {
  const Manifest manifest = ReadManifest("# a comment\nkind: A\nspec:\n  list:\n  - {x: 1}\n  - x: ü\n    z: 2\n---\n---\nkind: B\n");
  ASSERT_EQ(manifest.documents.size(), 2U);
  const Document& first = manifest.documents[0];
  EXPECT_EQ(Text(first.At("spec.list[0].x")), "5:6");
  EXPECT_EQ(Text(first.At("spec.list[1].z")), "7:5");
  EXPECT_EQ(Text(first.At("spec.list[1].missing.deeper")), "6:5") << "what is nearest above";
  EXPECT_EQ(Text(first.At("spec.missing")), "3:1");
  EXPECT_EQ(Text(first.At("other")), "2:1");
  EXPECT_EQ(Text(manifest.documents[1].At("")), "10:1");
}

TEST(Manifest, CountsColumnsInCharacters) {
  const Manifest manifest = ReadManifest("{\"ü\": 1, \"b\": 2}");
  EXPECT_EQ(Text(manifest.documents.at(0).At("b")), "1:10");
}

TEST(Manifest, TheItemsOfAListAreLookedAtOneByOne) {
  const Manifest manifest = ReadManifest("kind: List\nitems:\n- kind: A\n- kind: B\n  spec: {x: 1}\n");
  ASSERT_EQ(manifest.documents.size(), 2U);
  EXPECT_EQ(manifest.documents[1].object->at("kind"), "B");
  EXPECT_EQ(Text(manifest.documents[1].At("spec.x")), "5:10");
  EXPECT_EQ(Text(manifest.documents[1].At("nothing")), "4:3");
}

TEST(Manifest, ReadsMergeKeysAndAliases) {
  const json object = Only("base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\nboth:\n  <<: [*base, {c: 4}]\n");
  EXPECT_EQ(object["more"], json::parse(R"({"a": 1, "b": 3})"));
  EXPECT_EQ(object["both"], json::parse(R"({"a": 1, "b": 2, "c": 4})"));
}

TEST(Manifest, KeysAreReadAsKubectlReadsThem) {
  EXPECT_EQ(Only("on: 1\n010: 2\n'on': 3\nplain: 4\n"), json::parse(R"({"true": 1, "8": 2, "on": 3, "plain": 4})"));
}

TEST(Manifest, SaysWhatIsNoYaml) {
  const Manifest broken = ReadManifest("kind: A\nspec: [1, 2\nx: }\n");
  ASSERT_EQ(broken.errors.size(), 1U);
  EXPECT_EQ(broken.errors[0].kind, ManifestError::Kind::kSyntax);
  EXPECT_EQ(broken.errors[0].mark.line, 3);
  const Manifest twice = ReadManifest("spec:\n  paused: true\n  paused: false\n");
  ASSERT_EQ(twice.errors.size(), 1U);
  EXPECT_EQ(twice.errors[0].kind, ManifestError::Kind::kDoubleKey);
  EXPECT_EQ(Text(twice.errors[0].mark), "3:3");
  EXPECT_EQ(ReadManifest("just a text").errors.size(), 1U);
  EXPECT_TRUE(ReadManifest("").errors.empty());
}

TEST(Manifest, IsBounded) {
  EXPECT_FALSE(ReadManifest(std::string(5'000, '[')).errors.empty());
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1);
    bomb += std::string(1, c) + ": &" + c + " [" + before;
    for (int i = 0; i < 8; ++i) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_FALSE(ReadManifest(bomb).errors.empty());
}

TEST(PlainScalar, MeansWhatItMeansToKubectl) {
  const std::vector<std::pair<std::string, json>> cases{
      {"yes", true},      {"off", false},     {"y", true},      {"~", nullptr},
      {"", nullptr},      {"010", 8},         {"0x1f", 31},     {"0o17", 15},
      {"0b101", 5},       {"1_000", 1000},    {"-5", -5},       {"+5", 5},
      {"10.0", 10},       {"1e3", 1000},      {"0.01", 0.01},   {".5", 0.5},
      {"90s", "90s"},     {"1h", "1h"},       {"-", "-"},       {".", "."},
      {"1.2.3", "1.2.3"}, {"inf", "inf"},     {"nan", "nan"},   {"-inf", "-inf"},
      {"0x", "0x"},       {"hello", "hello"}, {"08", 8},        {"1e", "1e"},
      {"-0b1", -1},       {"1_0.5", 10.5},    {"100%", "100%"}, {"2026-01-01", "2026-01-01"}};
  for (const auto& [text, value] : cases) EXPECT_EQ(PlainScalar(text), value) << text;
}

}  // namespace
}  // namespace softmig::cli
