#include "providers/web/web_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

namespace softmig::providers {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Kind = model::Reading::Kind;

Selection Select(const std::string& text) {
  const auto selection = Selection::Parse(text);
  EXPECT_TRUE(selection) << text;
  return selection.value_or(Selection());
}

TEST(Selection, FindsWhatItNames) {
  const json value = json::parse(R"({"a":[{"b":1,"c d":2,"e.f":3},[4]],"0":5,"x/y":6,"~":7})");
  const std::vector<std::pair<std::string, int>> cases{
      {"{.a[0].b}", 1},      {"$.a[0].b", 1}, {".a[0].b", 1}, {"/a/0/b", 1}, {"$.a[0]['c d']", 2}, {"/a/0/c d", 2}, {R"($.a[0]["e.f"])", 3},
      {"{$['a'][1][0]}", 4}, {"/a/1/0", 4},   {"$.0", 5},     {"/0", 5},     {"/x~1y", 6},         {"/~0", 7}};
  for (const auto& [text, want] : cases) {
    const auto found = Select(text).In(value);
    ASSERT_NE(found.value, nullptr) << text;
    EXPECT_EQ(*found.value, want) << text;
  }
  EXPECT_EQ(*Select("$").In(value).value, value);
}

TEST(Selection, SaysWhereTheWayEnds) {
  const json value = json::parse(R"({"a":[{"b":1}]})");
  EXPECT_EQ(Select("$.a[1].b").In(value).missing, "$.a[1]");
  EXPECT_EQ(Select("$.a.b").In(value).missing, "$.a.b");
  EXPECT_EQ(Select("$.a[0].c.d").In(value).missing, "$.a[0].c");
  EXPECT_EQ(Select("/a/00/b").In(value).missing, "$.a.00");
  EXPECT_EQ(Select("$[0]").In(value).missing, "$[0]");
}

TEST(Selection, RefusesWhatIsNone) {
  for (const char* text : {"a", "{.a", "$.", "$..a", "$.a[", "$.a[]", "$.a[*]", "$.a[-1]", "$.a[01]", "$.a[1234567]", "$.a[?(@.b)]", "$.*",
                           "$.a['b]", "$.a['b'", "$.a b", "{.a}x", "$.a\nb"}) {
    const auto selection = Selection::Parse(text);
    ASSERT_FALSE(selection) << text;
    EXPECT_EQ(selection.error().code, base::ErrorCode::kInvalid);
  }
  EXPECT_FALSE(Selection::Parse(std::string(513, '/')));
  std::string long_way;
  for (int i = 0; i < 33; ++i) long_way += ".a";
  EXPECT_FALSE(Selection::Parse(long_way));
  EXPECT_FALSE(Selection::Parse("/a" + std::string(40, '/')));
}

RC_GTEST_PROP(SelectionProperty, EveryTextIsAnsweredAndEveryValueSearched, (const std::string& text)) {
  const auto selection = Selection::Parse(text);
  const auto pointer = Selection::Parse("/" + text);
  for (const auto& one : {selection, pointer}) {
    if (!one) continue;
    const auto found = one->In(json::parse(R"({"a":[1,{"b":2}]})"));
    RC_ASSERT((found.value == nullptr) == !found.missing.empty());
  }
}

model::Reading Parse(const std::string& selection, const std::string& body) {
  return WebProvider(WebSettings{Select(selection)}).Parse({200, {}, body});
}

TEST(WebProvider, GetsThePathOfTheQuery) {
  const auto request = WebProvider({}).Request({"https://h/api/", "/rate?x=1", {}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, http::Method::kGet);
  EXPECT_EQ(request->url, "https://h/api/rate?x=1");
  EXPECT_TRUE(WebProvider({}).Request({"https://h/api", "", {}}));
  for (const char* path : {"rate", "@evil.example", "/a b", "/a\r\nX: y"})
    EXPECT_FALSE(WebProvider({}).Request({"https://h", path, {}})) << path;
}

TEST(WebProvider, PostsTheQueryAsABody) {
  const WebProvider provider({Select("$"), http::Method::kPost, "/ask", "application/graphql"});
  const auto request = provider.Request({"https://h", "{rate}", {}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, http::Method::kPost);
  EXPECT_EQ(request->url, "https://h/ask");
  EXPECT_EQ(request->body, "{rate}");
  EXPECT_EQ(http::Find(request->headers, "Content-Type"), "application/graphql");
}

TEST(WebProvider, ReadsNumbersAndTextsThatAreNumbers) {
  EXPECT_EQ(Parse("$.a", R"({"a":-1.5e2})").number, -150);
  EXPECT_EQ(Parse("$.a", R"({"a":"0.5"})").number, 0.5);
  EXPECT_EQ(Parse("$", "3").number, 3);
  EXPECT_EQ(Parse("$.a", R"({"a":null})").kind, Kind::kNoData);
  EXPECT_EQ(Parse("$.a", R"({"a":"NaN"})").kind, Kind::kNaN);
}

TEST(WebProvider, SaysWhatIsNoNumberAndWhere) {
  EXPECT_THAT(Parse("$.a.b", R"({"a":{}})").message, HasSubstr("nothing at $.a.b"));
  EXPECT_THAT(Parse("$.a", R"({"a":true})").message, HasSubstr("boolean"));
  EXPECT_THAT(Parse("$.a", R"({"a":[1]})").message, HasSubstr("array"));
  EXPECT_THAT(Parse("$.a", R"({"a":"many"})").message, HasSubstr("no number: many"));
  EXPECT_THAT(Parse("$.a", "<html>").message, HasSubstr("no JSON"));
}

}  // namespace
}  // namespace softmig::providers
