#include "compare/path.hpp"

#include <gtest/gtest.h>

namespace softmig::compare {
namespace {

Step Member(std::string_view key) { return {key, false, false}; }
const Step kElement{{}, true, false};

bool Matches(std::string_view path, const std::vector<Step>& place) {
  const auto parsed = Path::Parse(path);
  EXPECT_TRUE(parsed) << path;
  return parsed && parsed->Matches(place);
}

TEST(Path, NamesMembersAndElements) {
  const std::vector<Step> place{Member("items"), kElement, Member("unit price")};
  EXPECT_TRUE(Matches("$.items[*]['unit price']", place));
  EXPECT_TRUE(Matches("$.*[*].*", place));
  EXPECT_FALSE(Matches("$.items.*.*", place)) << "* is a member, no element";
  EXPECT_FALSE(Matches("$[*][*][*]", place)) << "[*] is an element, no member";
  EXPECT_FALSE(Matches("$.items[*]", place));
  EXPECT_FALSE(Matches("$.items[*]['unit price'].x", place));
  EXPECT_TRUE(Matches("$", {}));
  EXPECT_FALSE(Matches("$", place));
}

TEST(Path, TwoDotsAreAnyDepth) {
  EXPECT_TRUE(Matches("$..id", {Member("id")}));
  EXPECT_TRUE(Matches("$..id", {Member("a"), kElement, Member("id"), Member("id")}));
  EXPECT_FALSE(Matches("$..id", {Member("id"), Member("a")}));
  EXPECT_TRUE(Matches("$..a..b", {Member("a"), Member("x"), Member("a"), Member("b")}));
  EXPECT_TRUE(Matches("$.a..b.c", {Member("a"), Member("b"), Member("x"), Member("b"), Member("c")}));
  EXPECT_TRUE(Matches("$..[*]", {Member("a"), kElement}));
}

TEST(Path, AlsoMatchesWhatIsWithin) {
  const auto path = Path::Parse("$..meta");
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->MatchesPart(std::vector{Member("a"), Member("meta"), Member("x"), kElement}));
  EXPECT_TRUE(path->MatchesPart(std::vector{Member("meta")}));
  EXPECT_FALSE(path->MatchesPart(std::vector{Member("a"), Member("metadata")}));
}

TEST(Path, NamesHeadersTrailersAndTheStatus) {
  EXPECT_EQ(Path::Parse("header:X-Total")->name(), "x-total");
  EXPECT_EQ(Path::Parse("header:X-Total")->root(), Path::Root::kHeader);
  EXPECT_EQ(Path::Parse("trailer:x")->root(), Path::Root::kTrailer);
  EXPECT_EQ(Path::Parse("status")->root(), Path::Root::kStatus);
}

TEST(Path, RefusesWhatIsBrokenAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "at character 1: begin with $"},
      {"items", "at character 1: begin with $"},
      {"$.", "at character 3: a name"},
      {"$.a..", "at character 6: a name is wanted after .."},
      {"$.a[0]", "at character 5: write [*]"},
      {"$.a['b", "at character 6: the name that begins here"},
      {"$a", "at character 2: a dot"},
      {"$.a b", "at character 4: a dot"},
      {"$...a", "at character 4: a name"},
      {"header:", "at character 8: a header's name"},
      {"header:a b", "at character 8: a header"},
      {"$.\xff", "at character 1: a path is UTF-8"},
      {"$.a\"b", "at character 4: a dot"},
  };
  for (const auto& [text, said] : cases) {
    const auto path = Path::Parse(text);
    ASSERT_FALSE(path) << text;
    EXPECT_TRUE(path.error().message.starts_with(said)) << text << ": " << path.error().message;
  }
  std::string many = "$";
  for (std::size_t i = 0; i <= kMostSegments; ++i) many += ".a";
  EXPECT_FALSE(Path::Parse(many));
  EXPECT_FALSE(Path::Parse("$." + std::string(kMostPathBytes, 'a')));
}

TEST(PlaceText, IsAPathAgain) {
  EXPECT_EQ(PlaceText(std::vector{Member("items"), kElement, Member("unit-price")}), "$.items[*].unit-price");
  EXPECT_EQ(PlaceText(std::vector{Member("odd.name")}), "$['odd.name']");
  EXPECT_EQ(PlaceText(std::vector<Step>()), "$");
  EXPECT_EQ(PlaceText(std::vector{Member("gr\xC3\xB6\xC3\x9F"
                                         "e")}),
            "$.gr\xC3\xB6\xC3\x9F"
            "e");
}

TEST(PlaceText, HidesNamesThatAreData) {
  for (const std::string name : {"anna@example.org", "4711", "", "a b", "it's", "a\x01"}) {
    EXPECT_EQ(PlaceText(std::vector{Member("users"), Member(name), Member("age")}), "$.users.*.age") << name;
  }
  EXPECT_EQ(PlaceText(std::vector{Member(std::string(65, 'x'))}), "$.*");
  EXPECT_EQ(PlaceText(std::vector{Step{"anna", false, true}}), "$.*");
}

}  // namespace
}  // namespace softmig::compare
