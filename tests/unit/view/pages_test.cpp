#include "view/pages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "view/table.hpp"

namespace softmig::view {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RoughDuration, IsAsNearAsPeopleWantIt) {
  EXPECT_EQ(RoughDuration(seconds(0)), "0s");
  EXPECT_EQ(RoughDuration(seconds(59)), "59s");
  EXPECT_EQ(RoughDuration(seconds(90)), "1m30s");
  EXPECT_EQ(RoughDuration(minutes(5)), "5m");
  EXPECT_EQ(RoughDuration(minutes(59)), "59m");
  EXPECT_EQ(RoughDuration(hours(3) + minutes(12)), "3h12m");
  EXPECT_EQ(RoughDuration(hours(75)), "3d3h");
  EXPECT_EQ(RoughDuration(-seconds(5)), "0s") << "clocks differ";
}

TEST(Table, AlignsByWhatIsSeenAndLetsNothingMoveTheCursor) {
  Table table({"A", "B"});
  table.Add({{"x\x1b[2J"}, {"ü", Tone::kGood}});
  table.Add({{"longer text"}, {""}});
  EXPECT_EQ(table.Text(Colour::kNever), "A             B\nx [2J         ü\nlonger text\n");
  EXPECT_NE(table.Text(Colour::kAlways).find("\x1b[32mü\x1b[0m"), std::string::npos);
}

TEST(ReadMigration, FindsWhatIsWrongWithTheRulesOfComparing) {
  const nlohmann::json rules{{{"path", "$.items["}, {"ignore", true}}};
  const auto read = ReadMigration({{"kind", "SoftMigration"}, {"spec", {{"compare", {{"rules", rules}}}}}});
  ASSERT_TRUE(read);
  EXPECT_NE(std::ranges::find(read->parsed.errors, "spec.compare.rules[0].path", &model::FieldError::path), read->parsed.errors.end());
}

TEST(ReadMigration, RefusesOtherKindsAndSurvivesNonsense) {
  EXPECT_FALSE(ReadMigration(nlohmann::json::array()));
  EXPECT_FALSE(ReadMigration({{"kind", "Pod"}}));
  const auto broken = ReadMigration({{"kind", "SoftMigration"}, {"metadata", 3}, {"spec", "x"}, {"status", {{"components", 5}}}});
  ASSERT_TRUE(broken);
  EXPECT_FALSE(broken->parsed.errors.empty());
  EXPECT_FALSE(GetPage(*broken, {}, Colour::kNever).empty());
}

TEST(ListPage, IsSortedByNamespaceAndName) {
  const auto at = [](const std::string& ns, const std::string& name) {
    Migration migration;
    migration.ns = ns;
    migration.name = name;
    return migration;
  };
  const std::string page = ListPage({at("b", "a"), at("a", "z"), at("a", "c")}, {}, Scope::kAllNamespaces, Width::kUsual, Colour::kNever);
  EXPECT_LT(page.find("a           c"), page.find("a           z"));
  EXPECT_LT(page.find("a           z"), page.find("b           a"));
}

TEST(EventsPage, TellsTheOldestFirst) {
  EventLine early, late;
  early.at = base::WallTime(seconds(10));
  early.reason = "Shifting";
  late.at = base::WallTime(seconds(70));
  late.reason = "RolledBack";
  late.warning = true;
  late.count = 3;
  const std::string page = EventsPage({late, early}, base::WallTime(seconds(80)), Colour::kNever);
  EXPECT_LT(page.find("Shifting"), page.find("RolledBack"));
  EXPECT_NE(page.find("1m10s ago"), std::string::npos) << page;
}

TEST(ReadEvent, TakesTheLastTimeOfASeries) {
  const EventLine line = ReadEvent({{"eventTime", "2026-11-23T10:00:00.000000Z"},
                                    {"series", {{"count", 4}, {"lastObservedTime", "2026-11-23T10:05:00.000000Z"}}},
                                    {"type", "Warning"},
                                    {"reason", "NoEvidence"},
                                    {"note", "why"}});
  EXPECT_EQ(line.count, 4);
  EXPECT_TRUE(line.warning);
  EXPECT_EQ(ReadEvent({}).count, 1);
  EXPECT_GT(line.at, ReadEvent({{"eventTime", "2026-11-23T10:00:00Z"}}).at);
}

}  // namespace
}  // namespace softmig::view
