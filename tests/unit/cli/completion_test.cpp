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
