#include "cli/completion.hpp"

#include <gtest/gtest.h>

namespace softmig::cli {
namespace {

using Words = std::vector<std::string>;

Words Ask(const Words& words) {
  return Complete(words, [] { return Words{"payments", "refunds"}; });
}

TEST(Complete, OffersWhatMayStandThere) {
  EXPECT_EQ(Ask({"re"}), (Words{"resume", "retry"}));
  EXPECT_EQ(Ask({"get", ""}), (Words{"payments", "refunds"}));
  EXPECT_EQ(Ask({"-n", "shop", "get", "p"}), (Words{"payments"}));
  EXPECT_EQ(Ask({"watch", "payments", "--until", "Ro"}), (Words{"RolledBack", "RollingBack"}));
  EXPECT_EQ(Ask({"list", "--all"}), (Words{"--all-namespaces"}));
  EXPECT_EQ(Ask({"completion", "z"}), (Words{"zsh"}));
  EXPECT_EQ(Ask({"get", "payments", ""}), Words{});
  EXPECT_FALSE(Ask({}).empty());
}

TEST(Complete, OffersTheFlagsAndChoicesOfTheVerb) {
  EXPECT_EQ(Ask({"diff", "--f"}), (Words{"--filename", "--force-conflicts", "--field-manager"}));
  EXPECT_EQ(Ask({"get", "payments", "--output", ""}), (Words{"json", "yaml"}));
  EXPECT_EQ(Ask({"list", "-o", ""}), (Words{"json", "wide", "yaml"}));
  EXPECT_EQ(Ask({"lint", "-f", "x.yaml", "-o", "s"}), (Words{"sarif"}));
  EXPECT_EQ(Ask({"promote", "payments", "--to", ""}), (Words{"Complete", "Shift"}));
  EXPECT_EQ(Ask({"--con"}), (Words{"--context"}));
  EXPECT_EQ(Ask({"explain", "payments", "--out"}), Words{}) << "it has no such flag";
  for (const char* file : {"-f", "--filename", "--trace"}) EXPECT_EQ(Ask({"simulate", file, ""}), Words{}) << "the shell knows files";
}

TEST(Complete, AFlagWithoutAValueDoesNotTakeTheNextWord) {
  EXPECT_EQ(Ask({"list", "-A", "--o"}), (Words{"--output"}));
  EXPECT_EQ(Ask({"diff", "--server-side", "--force-c"}), (Words{"--force-conflicts"}));
  EXPECT_EQ(Ask({"pause", "--dry-run", "p"}), (Words{"payments"}));
}

TEST(Complete, AsksForNamesOnlyWhereOneStands) {
  int asked = 0;
  const auto count = [&] {
    ++asked;
    return Words{};
  };
  Complete({"ge"}, count);
  Complete({"list", ""}, count);
  EXPECT_EQ(asked, 0);
  Complete({"explain", ""}, count);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace softmig::cli
