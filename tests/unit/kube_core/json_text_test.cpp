#include "kube/core/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace softmig::kube {
namespace {

using nlohmann::json;

/// ParseJson reads most texts with another library than nlohmann's. Whoever reads them must not notice.
void ExpectSameAsNlohmann(const std::string& text) {
  const json wanted = json::parse(text, nullptr, false);
  const auto read = ParseJson(text);
  ASSERT_EQ(read.has_value(), !wanted.is_discarded()) << text;
  if (!read) return;
  EXPECT_EQ(*read, wanted) << text;
  EXPECT_EQ(DumpJson(*read), DumpJson(wanted)) << text;
  EXPECT_EQ(DumpJson(wanted), wanted.dump(-1, ' ', false, json::error_handler_t::replace)) << text;
}

class Texts {
 public:
  explicit Texts(unsigned seed) : random_(seed) {}

  std::string Value(int depth) {
    switch (Below(depth > 0 ? 8 : 6)) {
      case 0: return Pick({"null", "true", "false"});
      case 1: return std::to_string(static_cast<long long>(random_()) * (Below(2) == 0 ? 1 : -1));
      case 2:
        return Pick({"0",
                     "-1",
                     "1.5",
                     "-0.0",
                     "1e3",
                     "2E-7",
                     "0.1",
                     "1e308",
                     "1e309",
                     "-1e400",
                     "9223372036854775807",
                     "9223372036854775808",
                     "18446744073709551615",
                     "18446744073709551616",
                     "-9223372036854775808",
                     "-9223372036854775809",
                     "1e-400",
                     "123456789012345678901234567890",
                     "4.9e-324",
                     "0.30000000000000004",
                     "100000000000000000000.5"});
      case 3:
      case 4:
      case 5: return Text();
      case 6: {
        std::string text = "[";
        for (int i = Below(4); i >= 0; --i) text += Value(depth - 1) + (i > 0 ? "," : "");
        return text + "]";
      }
      default: {
        std::string text = "{";
        for (int i = Below(4); i >= 0; --i) text += Text() + Blank() + ":" + Blank() + Value(depth - 1) + (i > 0 ? "," : "");
        return text + "}";
      }
    }
  }

  /// Some bytes are changed, dropped or doubled.
  std::string Damaged(std::string text) {
    for (int i = Below(3); i >= 0 && !text.empty(); --i) {
      const auto at = static_cast<std::size_t>(Below(static_cast<int>(text.size())));
      switch (Below(4)) {
        case 0: text[at] = static_cast<char>(random_()); break;
        case 1: text.erase(at, 1); break;
        case 2:
          text.insert(at, Pick({"\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", ".", "\x01", "\xC3", " ", "\\ud800", "\\udc00"}));
          break;
        default: text.resize(at);
      }
    }
    return text;
  }

 private:
  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  std::string Pick(std::initializer_list<const char*> choices) { return *(choices.begin() + Below(static_cast<int>(choices.size()))); }
  std::string Blank() { return Pick({"", "", " ", "\n", "\t \r"}); }
  std::string Text() {
    std::string text = "\"";
    for (int i = Below(5); i > 0; --i) {
      text += Pick({"a",
                    "b",
                    "name",
                    "\\\"",
                    "\\\\",
                    "\\/",
                    "\\n",
                    "\\t\\b\\f\\r",
                    "ü",
                    "\xF0\x9F\x98\x80",
                    "\\u00e9",
                    "\\ud83d\\ude00",
                    "\\ud83d",
                    "\\ude00",
                    "\\ud83d\\ud83d",
                    "\xC0\x80",
                    "\xED\xA0\x80",
                    "\xF4\x90\x80\x80",
                    "\x7F",
                    "\\x",
                    "\t",
                    "/"});
    }
    return text + "\"";
  }

  std::minstd_rand random_;
};

TEST(ParseJson, ReadsEveryTextAsNlohmannDoes) {
  Texts texts(1);
  for (int i = 0; i < 6'000; ++i) {
    const std::string text = texts.Value(4);
    ExpectSameAsNlohmann(text);
    ExpectSameAsNlohmann(texts.Damaged(text));
    if (HasFatalFailure()) return;
  }
}

TEST(ParseJson, ReadsCornerCasesAsNlohmannDoes) {
  for (const char* text : {"",
                           " ",
                           "\n",
                           "null",
                           " 1 ",
                           "1 2",
                           "{}x",
                           "\xEF\xBB\xBF{}",
                           "{\"a\":1,\"a\":{\"b\":2},\"a\":[3]}",
                           "[1,]",
                           "{,}",
                           "nul",
                           "-",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"a",
                           "[\"a\x01\"]",
                           "{\"a\"}",
                           "\"\\u12\"",
                           "/**/1",
                           "{\"b\":1,\"a\":2,\"c\":3,\"a\":4}"}) {
    ExpectSameAsNlohmann(text);
  }
  ExpectSameAsNlohmann(std::string("1\0", 2));
  ExpectSameAsNlohmann(std::string("\"a\0\"", 4));
}

TEST(ParseJson, KeepsTheTypesOfNumbers) {
  for (const char* text : {"0", "7", "-7", "9223372036854775808", "18446744073709551616", "1.0", "1e2", "-0.0"}) {
    const auto read = ParseJson(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->type(), json::parse(text).type()) << text;
  }
}

TEST(ParseJson, RefusesWhatIsNestedTooDeeplyAndNothingLess) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  for (std::size_t depth = kMaxJsonDepth - 3; depth <= kMaxJsonDepth; ++depth) ExpectSameAsNlohmann(nested(depth));
  EXPECT_FALSE(ParseJson(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(ParseJson(nested(100'000)));
  EXPECT_FALSE(ParseJson(std::string(100'000, '[')));
  EXPECT_TRUE(ParseJson("\"" + std::string(1000, '[') + "\""));
}

TEST(ParseJson, ReadsLongTextsAlike) {
  json list = json::array();
  for (int i = 0; i < 12'000; ++i) list.push_back({{"name", "object-" + std::to_string(i)}, {"value", i}, {"text", std::string(60, 'x')}});
  const std::string text = list.dump();
  ASSERT_GT(text.size(), std::size_t{1} << 20U);
  ExpectSameAsNlohmann(text);
  ExpectSameAsNlohmann(text.substr(0, text.size() - 1));
}

TEST(DumpJson, WritesEveryByteAsNlohmannDoes) {
  for (int first = 0; first < 256; ++first) {
    for (const int second : {0x20, 0x41, 0x80, 0xBF, 0xC3, 0x22, 0x5C, 0x7F, 0x00}) {
      const std::string text = {'a', static_cast<char>(first), static_cast<char>(second), 'b'};
      const json value = {{text, text}, {"list", {text, 1, -1, 1.5, true, nullptr, json::array(), json::object()}}};
      EXPECT_EQ(DumpJson(value), value.dump(-1, ' ', false, json::error_handler_t::replace));
    }
  }
  for (const json& value :
       {json(), json(INT64_MIN), json(UINT64_MAX), json(0), json(-0.0), json(1e300), json::array(), json::object(), json(""),
        json::binary({1, 2}), json(std::numeric_limits<double>::infinity()), json(json::value_t::discarded)}) {
    EXPECT_EQ(DumpJson(value), value.dump(-1, ' ', false, json::error_handler_t::replace));
  }
}

TEST(ParseJson, SaysNothingOfTheText) {
  const auto read = ParseJson("{\"password\":\"secret\",}");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace softmig::kube
