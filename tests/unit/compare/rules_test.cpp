#include <gtest/gtest.h>

#include "unit/compare/compare_fixture.hpp"

/// What each kind of rule allows, through the comparer.
namespace softmig::compare::testing {
namespace {

Told With(const std::string& rule, const std::string& legacy, const std::string& target) { return CompareJson(legacy, target, Rule(rule)); }

TEST(Rules, IgnoreWhatIsWithin) {
  const std::string rule = R"({"path": "$.meta", "ignore": true})";
  EXPECT_EQ(With(rule, R"({"meta":{"a":1},"b":1})", R"({"meta":{"a":2,"c":[1]},"b":1})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"b":1})", R"({"meta":7,"b":1})"), kAfterRules) << "absent on one side";
  EXPECT_EQ(With(rule, R"({"meta":1,"b":1})", R"({"meta":2,"b":2})"), Differs({"$.b"}));
  EXPECT_EQ(With(rule, R"({"meta":1,"b":1})", R"({"b":1,"meta":1})"), kSame) << "no rule was needed";
  EXPECT_EQ(With(R"({"path": "$", "ignore": true})", "{", "}"), kAfterRules) << "a body that nobody compares need be none";
}

TEST(Rules, TolerateByNumbersAsWritten) {
  const std::string absolute = R"({"path": "$..p", "tolerance": {"absolute": "0.01"}})";
  EXPECT_EQ(With(absolute, R"({"p":10.00})", R"({"p":10.01})"), kAfterRules);
  EXPECT_EQ(With(absolute, R"({"p":10.00})", R"({"p":10.011})"), Differs({"$.p"}));
  EXPECT_EQ(With(absolute, R"({"p":"10.00"})", R"({"p":"10.01"})"), kAfterRules) << "texts that hold numbers";
  EXPECT_EQ(With(absolute, R"({"p":"10.00 EUR"})", R"({"p":"10.01 EUR"})"), Differs({"$.p"}));
  EXPECT_EQ(With(absolute, R"({"p":1})", R"({})"), Differs({"$.p"}));
  const std::string either = R"({"path": "$.p", "tolerance": {"absolute": "1", "relative": "0.01"}})";
  EXPECT_EQ(With(either, R"({"p":1000})", R"({"p":1009})"), kAfterRules);
  EXPECT_EQ(With(either, R"({"p":1})", R"({"p":2})"), kAfterRules);
  EXPECT_EQ(With(either, R"({"p":1000})", R"({"p":1011})"), Differs({"$.p"}));
}

TEST(Rules, TakeTextsForDecimals) {
  const std::string rule = R"({"path": "$.p", "decimal": true})";
  EXPECT_EQ(With(rule, R"({"p":"12.50"})", R"({"p":12.5})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"p":"12.50"})", R"({"p":"1.25e1"})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"p":"12.50"})", R"({"p":12.51})"), Differs({"$.p"}));
}

TEST(Rules, AskForAForm) {
  const std::string rule = R"({"path": "$.t", "pattern": "[0-9a-f]{4}"})";
  EXPECT_EQ(With(rule, R"({"t":"00ff"})", R"({"t":"abcd"})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"t":"00ff"})", R"({"t":"abcd0"})"), Differs({"$.t"})) << "the whole text";
  const std::string date = R"({"path": "$.t", "pattern": "(\\d{4}-\\d\\d-\\d\\d)T.*"})";
  EXPECT_EQ(With(date, R"({"t":"2026-11-23T08:00:00Z"})", R"({"t":"2026-11-23T09:00"})"), kAfterRules);
  EXPECT_EQ(With(date, R"({"t":"2026-11-23T08:00:00Z"})", R"({"t":"2026-11-24T08:00"})"), Differs({"$.t"})) << "groups are the same";
}

TEST(Rules, AllowPairsInOneDirection) {
  const std::string rule = R"({"path": "$.s", "pairs": [{"legacy": "OPEN", "target": "open"}, {"legacy": "1", "target": "true"}]})";
  EXPECT_EQ(With(rule, R"({"s":"OPEN"})", R"({"s":"open"})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"s":1})", R"({"s":true})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"s":"open"})", R"({"s":"OPEN"})"), Differs({"$.s"}));
}

TEST(Rules, TolerateClocks) {
  const std::string rule = R"({"path": "$.at", "clockSkew": "5s"})";
  EXPECT_EQ(With(rule, R"({"at":"2026-11-23T08:00:00Z"})", R"({"at":"2026-11-23T09:00:05+01:00"})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"at":"2026-11-23T08:00:00Z"})", R"({"at":"2026-11-23T08:00:05.001Z"})"), Differs({"$.at"}));
  EXPECT_EQ(With(rule, R"({"at":"today"})", R"({"at":"tomorrow"})"), Differs({"$.at"}));
}

TEST(Rules, WantTheSameIdEachTime) {
  const std::string rule = R"({"path": "$..id", "sameId": "orders"})";
  EXPECT_EQ(With(rule, R"([{"id":1},{"id":2},{"id":1}])", R"([{"id":"a"},{"id":"b"},{"id":"a"}])"), kAfterRules);
  EXPECT_EQ(With(rule, R"([{"id":1},{"id":2}])", R"([{"id":"a"},{"id":"a"}])"), Differs({"$[*].id"})) << "two ids became one";
  EXPECT_EQ(With(rule, R"([{"id":1},{"id":1}])", R"([{"id":"a"},{"id":"b"}])"), Differs({"$[*].id"})) << "one id became two";
  EXPECT_EQ(With(rule, R"([{"id":1}])", R"([{"id":null}])"), Differs({"$[*].id"}));
}

TEST(Rules, WantTheIdOfExchangesBefore) {
  Comparer comparer(RulesOf(Rule(R"({"path": "$.id", "sameId": "orders"})")), {});
  IdMaps known(10);
  EXPECT_EQ(comparer.Compare(JsonExchange(R"({"id":1})", R"({"id":"a"})"), known).verdict, Verdict::kEqualAfterRules);
  known.Learn(comparer.new_ids());
  EXPECT_EQ(comparer.Compare(JsonExchange(R"({"id":1})", R"({"id":"b"})"), known).verdict, Verdict::kDiffers);
  EXPECT_EQ(comparer.new_ids().size(), 0U) << "what contradicts is not learned";
  EXPECT_EQ(comparer.Compare(JsonExchange(R"({"id":2})", R"({"id":"a"})"), known).verdict, Verdict::kDiffers);
  EXPECT_EQ(comparer.Compare(JsonExchange(R"({"id":2})", R"({"id":"b"})"), known).verdict, Verdict::kEqualAfterRules);
}

TEST(IdMaps, ForgetTheOldest) {
  IdMaps ids(2);
  for (const char* id : {"1", "2", "3"}) ids.Learn("m", id, std::string("t") + id);
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_FALSE(ids.Contradicts("m", "1", "other")) << "forgotten";
  EXPECT_TRUE(ids.Contradicts("m", "3", "other"));
  EXPECT_FALSE(ids.Contradicts("n", "3", "other")) << "another map";
  EXPECT_TRUE(ids.Contradicts("m", std::string(300, 'x'), "y")) << "no id is that long";
}

TEST(Rules, OfOtherComponentsDoNotCount) {
  const std::string rules = Rule(R"({"path": "$.a", "ignore": true, "components": ["refunds"]})");
  const Exchange exchange = JsonExchange(R"({"a":1})", R"({"a":2})");
  for (const auto& [component, wanted] : {std::pair("refunds", Verdict::kEqualAfterRules), std::pair("checkout", Verdict::kDiffers)}) {
    Comparer comparer(RulesOf(rules, component), {});
    EXPECT_EQ(comparer.Compare(exchange, IdMaps(1)).verdict, wanted) << component;
  }
}

TEST(Unordered, ListsWithoutAKeyAreSets) {
  const std::string rule = R"({"path": "$.l", "unordered": {}})";
  EXPECT_EQ(With(rule, R"({"l":[1,2,{"a":1,"b":2}]})", R"({"l":[{"b":2.0,"a":1},2,1]})"), kAfterRules);
  EXPECT_EQ(With(rule, R"({"l":[1,2]})", R"({"l":[ 1,2]})"), kSame) << "in order no rule is needed";
  EXPECT_EQ(With(rule, R"({"l":[1,1,2]})", R"({"l":[1,2,2]})"), Differs({"$.l[*]"})) << "how often counts";
  EXPECT_EQ(With(rule, R"({"l":[1,2]})", R"({"l":[2,1,3]})"), Differs({"$.l[*]"}));
  EXPECT_EQ(With(rule, R"({"l":[1]})", R"({"l":{"a":1}})"), Differs({"$.l"}));
}

TEST(Unordered, GoesWithOtherRules) {
  const std::string rules = R"({"rules": [{"path": "$", "unordered": {}}, {"path": "$[*].at", "ignore": true},
    {"path": "$[*].p", "tolerance": {"absolute": "1"}}]})";
  EXPECT_EQ(CompareJson(R"([{"n":"a","at":1},{"n":"b","at":2}])", R"([{"n":"b","at":3},{"n":"a","at":4}])", rules), kAfterRules);
  EXPECT_EQ(CompareJson(R"([{"p":1},{"p":2}])", R"([{"p":3},{"p":2}])", rules), kAfterRules) << "1 with 2 and 2 with 3: the only way";
  EXPECT_EQ(CompareJson(R"([{"p":1},{"p":2}])", R"([{"p":4},{"p":2}])", rules), Differs({"$[*].p"}));
}

TEST(Unordered, PairsByKey) {
  const std::string rule = R"({"path": "$", "unordered": {"key": "id"}})";
  EXPECT_EQ(With(rule, R"([{"id":1,"v":1},{"id":2,"v":2}])", R"([{"id":2.0,"v":2},{"id":1,"v":1}])"), kAfterRules);
  EXPECT_EQ(With(rule, R"([{"id":1,"v":1},{"id":2,"v":2}])", R"([{"id":2,"v":3},{"id":1,"v":1}])"), Differs({"$[*].v"}))
      << "names the field, not the element";
  EXPECT_EQ(With(rule, R"([{"id":1,"v":1}])", R"([{"id":2,"v":1}])"), Differs({"$[*]"})) << "one of each that the other has not";
  EXPECT_EQ(With(rule, R"([{"id":1},{"id":2}])", R"([{"id":2}])"), Differs({"$[*]"}));
  EXPECT_EQ(With(rule, R"([1,{"id":2},"x"])", R"([{"id":2},"x",1])"), kAfterRules) << "elements without the key";
}

TEST(Unordered, NestsInLists) {
  const std::string rules = R"({"rules": [{"path": "$..l", "unordered": {}}]})";
  EXPECT_EQ(CompareJson(R"({"l":[{"l":[1,2]},{"l":[3]}]})", R"({"l":[{"l":[3]},{"l":[2,1]}]})", rules), kAfterRules);
  EXPECT_EQ(CompareJson(R"({"l":[{"l":[1,2]},{"l":[3]}]})", R"({"l":[{"l":[3]},{"l":[2,2]}]})", rules).verdict, Verdict::kDiffers);
}

}  // namespace
}  // namespace softmig::compare::testing
