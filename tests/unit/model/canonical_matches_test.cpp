#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/codec.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

constexpr const char* kDefault = R"([{"path":{"type":"PathPrefix","value":"/"}}])";

TEST(CanonicalMatches, OfNothingIsTheDefaultMatch) {
  for (const char* text : {"[]", "null", "[{}]", R"([{"path":{}}])", R"([{"path":null,"headers":[]}])", R"([{"path":{"value":"/"}}])"}) {
    EXPECT_EQ(CanonicalMatches(json::parse(text)), kDefault) << text;
  }
}

TEST(CanonicalMatches, IsTheSameForTwoSpellings) {
  const auto brief =
      json::parse(R"([{"method":"GET","headers":[{"name":"X-B","value":"2"},{"name":"x-a","value":"1"}]},{"path":{"value":"/a"}}])");
  const auto spelled_out = json::parse(R"([
    {"path":{"value":"/a","type":"PathPrefix"}},
    {"headers":[{"type":"Exact","value":"1","name":"x-a"},{"type":"Exact","name":"x-b","value":"2"}],
     "path":{"type":"PathPrefix","value":"/"},"method":"GET","queryParams":[]}])");
  EXPECT_EQ(CanonicalMatches(brief), CanonicalMatches(spelled_out));
}

TEST(CanonicalMatches, TellsDifferentMatchesApart) {
  const char* kTexts[] = {kDefault,
                          R"([{"path":{"type":"Exact","value":"/"}}])",
                          R"([{"path":{"value":"/a"}}])",
                          R"([{"path":{"value":"/A"}}])",
                          R"([{"method":"GET"}])",
                          R"([{"headers":[{"name":"a","value":"1"}]}])",
                          R"([{"headers":[{"name":"a","value":"1","type":"RegularExpression"}]}])",
                          R"([{"queryParams":[{"name":"a","value":"1"}]}])",
                          R"([{"queryParams":[{"name":"A","value":"1"}]}])",
                          R"([{"path":{"value":"/a"}},{"path":{"value":"/b"}}])"};
  std::set<std::string> canonical;
  for (const char* text : kTexts) canonical.insert(CanonicalMatches(json::parse(text)));
  EXPECT_EQ(canonical.size(), std::size(kTexts));
}

TEST(CanonicalMatches, OfItsOwnTextIsTheSame) {
  const std::string once =
      CanonicalMatches(json::parse(R"([{"headers":[{"name":"Z","value":"1"},{"name":"b","value":"2"}]},{"path":{"value":"/q"}}])"));
  EXPECT_EQ(CanonicalMatches(json::parse(once)), once);
}

TEST(CanonicalMatches, SurvivesWhatMakesNoSense) {
  for (const char* text : {"1", "\"x\"", "{}", "[null,1,\"x\",[]]", R"([{"path":"/a","headers":{"a":1},"queryParams":7,"method":[]}])",
                           R"([{"headers":[1,null,{"name":3}]}])"}) {
    EXPECT_FALSE(CanonicalMatches(json::parse(text)).empty()) << text;
  }
  EXPECT_FALSE(CanonicalMatches(json::array({{{"path", {{"value", "\xff"}}}}})).empty());
}

TEST(CanonicalGrpcMatches, FillInTheTypesAndNoPath) {
  const json brief =
      json::parse(R"([{"headers": [{"name": "X-Beta", "value": "1"}], "method": {"service": "pay.Refunds"}}, {"method": null}])");
  const json whole = json::parse(
      R"([{}, {"headers": [{"name": "x-beta", "type": "Exact", "value": "1"}], "method": {"service": "pay.Refunds", "type": "Exact"}}])");
  EXPECT_EQ(CanonicalGrpcMatches(brief), CanonicalGrpcMatches(whole));
  EXPECT_EQ(CanonicalGrpcMatches(json()), "[{}]");
  for (const char* text : {"1", "[1]", R"([{"method": 1}])", R"([{"headers": {}}])"})
    EXPECT_FALSE(CanonicalGrpcMatches(json::parse(text)).empty());
}

}  // namespace
}  // namespace softmig::model
