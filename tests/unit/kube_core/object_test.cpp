#include "kube/core/object.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::kube {
namespace {

TEST(ParseMeta, ReadsEveryFieldWeUse) {
  const auto object = nlohmann::json::parse(R"({"metadata": {"namespace": "shop", "name": "cart", "uid": "u1", "resourceVersion": "42",
    "generation": 7, "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b", "c/d"]}})");
  const ObjectMeta meta = ParseMeta(object);
  EXPECT_EQ(meta.key, (ObjectKey{"shop", "cart"}));
  EXPECT_EQ(meta.uid, "u1");
  EXPECT_EQ(meta.resource_version, "42");
  EXPECT_EQ(meta.generation, 7);
  EXPECT_TRUE(meta.deleting);
  EXPECT_EQ(meta.finalizers, (std::vector<std::string>{"a/b", "c/d"}));
}

TEST(ParseMeta, TakesMissingAndMistypedFieldsAsEmpty) {
  for (const char* text :
       {"null", "[]", "3", "{}", R"({"metadata": []})", R"({"metadata": {"name": 3, "generation": "x", "finalizers": {}}})",
        R"({"metadata": {"finalizers": [1, null]}})"}) {
    const ObjectMeta meta = ParseMeta(nlohmann::json::parse(text));
    EXPECT_EQ(meta.key, ObjectKey{}) << text;
    EXPECT_EQ(meta.generation, 0) << text;
    EXPECT_FALSE(meta.deleting) << text;
    EXPECT_TRUE(meta.finalizers.empty()) << text;
  }
}

TEST(ResourceVersions, CompareAsDecimalNumbersOfAnyLength) {
  EXPECT_TRUE(CompareResourceVersions("9", "10") < 0);
  EXPECT_TRUE(CompareResourceVersions("10", "9") > 0);
  EXPECT_TRUE(CompareResourceVersions("123", "123") == 0);
  EXPECT_TRUE(CompareResourceVersions("99999999999999999999999", "100000000000000000000000") < 0);
}

TEST(ResourceVersions, AreUnorderedWhereOneIsNoPositiveDecimal) {
  for (const char* bad : {"", "0", "007", "-1", "1a", "abc", " 1"}) {
    EXPECT_EQ(CompareResourceVersions(bad, "1"), std::partial_ordering::unordered) << bad;
    EXPECT_EQ(CompareResourceVersions("1", bad), std::partial_ordering::unordered) << bad;
  }
}

TEST(ResourceType, NamesItsApiVersion) {
  EXPECT_EQ(kServices.ApiVersion(), "v1");
  EXPECT_EQ(kHttpRoutes.ApiVersion(), "gateway.networking.k8s.io/v1");
}

TEST(ParseJson, RefusesWhatIsNoJsonWithoutQuotingIt) {
  const auto parsed = ParseJson(R"({"token": "s3cret)");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalid);
  EXPECT_EQ(parsed.error().message.find("s3cret"), std::string::npos);
}

TEST(ParseJson, RefusesTextsNestedTooDeeply) {
  EXPECT_TRUE(ParseJson(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(ParseJson(std::string(101, '[') + std::string(101, ']')));
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')));
  EXPECT_TRUE(ParseJson("\"" + std::string(1'000, '[') + "\\\"\"")) << "brackets in texts do not count";
}

TEST(DumpJson, ReplacesBytesThatAreNoUtf8) {
  nlohmann::json value;
  value["x"] = std::string("\xff");
  EXPECT_NE(DumpJson(value).find("\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace softmig::kube
