#include "compare/comparer.hpp"

#include <gtest/gtest.h>

#include "unit/compare/compare_fixture.hpp"

namespace softmig::compare::testing {
namespace {

Exchange Change(Exchange exchange, const std::function<void(Answer&)>& change) {
  change(std::get<Answer>(exchange.target));
  return exchange;
}

TEST(Comparer, TakesJsonByItsValues) {
  EXPECT_EQ(CompareJson(R"({"a":1,"b":[true,null,"x"]})", R"({ "b" : [ true , null , "x" ] , "a" : 1 })"), kSame);
  EXPECT_EQ(CompareJson(R"({"a":0.1,"b":1e2,"c":"\u00e9\/"})", "{\"a\":0.10,\"b\":100,\"c\":\"\xC3\xA9/\"}"), kSame);
  EXPECT_EQ(CompareJson("\xEF\xBB\xBF{\"a\":1}", R"({"a": 1})"), kSame) << "a byte order mark says nothing";
  EXPECT_EQ(CompareJson(R"([1, 2])", R"([2, 1])"), Differs({"$[*]"})) << "a list has an order";
}

TEST(Comparer, NamesTheFieldsThatDiffer) {
  EXPECT_EQ(CompareJson(R"({"id":9007199254740993})", R"({"id":9007199254740992})"), Differs({"$.id"}));
  EXPECT_EQ(CompareJson(R"({"id":36893488147419103233})", R"({"id":36893488147419103232})"), Differs({"$.id"})) << "beyond 64 bits";
  EXPECT_EQ(CompareJson(R"({"a":{"b":1,"c":"x"}})", R"({"a":{"b":"1","c":"y"}})"), Differs({"$.a.b", "$.a.c"}));
  EXPECT_EQ(CompareJson(R"({"a":1,"b":2})", R"({"b":2})"), Differs({"$.a"}));
  EXPECT_EQ(CompareJson(R"({"b":2})", R"({"b":2,"z":null})"), Differs({"$.z"})) << "null is not absent";
  EXPECT_EQ(CompareJson(R"([{"p":1},{"p":2},{"p":3}])", R"([{"p":1},{"p":5},{"p":6}])"), Differs({"$[*].p"}));
  EXPECT_EQ(CompareJson("[1,2,3]", "[1,2]"), Differs({"$[*]"}));
  EXPECT_EQ(CompareJson("1", "2"), Differs({"$"}));
  EXPECT_EQ(CompareJson(R"("a")", R"({"a":1})"), Differs({"$"}));
  EXPECT_EQ(CompareJson("true", "false"), Differs({"$"}));
}

TEST(Comparer, ShowsBothValuesAndHowOften) {
  const Exchange exchange = JsonExchange(R"({"rows":[{"v":1},{"v":"x"}],"s":"a\"b"})", R"({"rows":[{"v":2},{"v":"y"}]})");
  Comparer comparer(RulesOf(R"({"critical": ["$.rows"], "shown": ["$..s"]})"), {});
  const Outcome outcome = comparer.Compare(exchange, IdMaps(1));
  ASSERT_EQ(outcome.fields.size(), 2U);
  EXPECT_EQ(outcome.fields[0].path, "$.rows[*].v");
  EXPECT_EQ(outcome.fields[0].count, 2U);
  EXPECT_EQ(outcome.fields[0].legacy.text, "1");
  EXPECT_EQ(outcome.fields[0].target.text, "2");
  EXPECT_TRUE(outcome.fields[0].critical);
  EXPECT_FALSE(outcome.fields[0].shown);
  EXPECT_EQ(outcome.fields[1].legacy.text, "a\"b") << "what the text says, without escapes";
  EXPECT_EQ(outcome.fields[1].target.kind, ValueKind::kAbsent);
  EXPECT_TRUE(outcome.fields[1].shown);
}

TEST(Comparer, SaysWhereOnePlaceHoldsOtherKindsThanTheNext) {
  Comparer comparer(RulesOf("{}"), {});
  const auto is_mixed = [&](const std::string& target) {
    const Outcome outcome = comparer.Compare(JsonExchange(R"([{"at":"1"},{"at":"2"}])", target), IdMaps(100));
    EXPECT_EQ(outcome.fields.size(), 1U);
    return outcome.fields.at(0).mixed;
  };
  EXPECT_FALSE(is_mixed(R"([{"at":"3"},{"at":"4"}])"));
  EXPECT_TRUE(is_mixed(R"([{"at":"3"},{"at":null}])"));
}

TEST(Comparer, ComparesDoubledNamesByTheirOccurrences) {
  EXPECT_EQ(CompareJson(R"({"b":0,"a":1,"a":2})", R"({"a":1,"a":2,"b":0})"), kSame);
  EXPECT_EQ(CompareJson(R"({"a":1,"a":2})", R"({"a":2,"a":1})"), Differs({"$.a"})) << "somebody reads the last, somebody the first";
  EXPECT_EQ(CompareJson(R"({"a":1,"a":1})", R"({"a":1})"), Differs({"$.a"}));
}

TEST(Comparer, TakesManyNamesForData) {
  std::string left = "{", right = "{";
  for (int i = 0; i < 100; ++i) {
    left += (i > 0 ? ",\"user" : "\"user") + std::to_string(i) + "\":1";
    right += (i > 0 ? ",\"user" : "\"user") + std::to_string(i) + "\":2";
  }
  EXPECT_EQ(CompareJson(left + "}", right + "}"), Differs({"$.*"}));
}

TEST(Comparer, LooksAtTheStatusFirst) {
  const Exchange exchange = Change(JsonExchange("{", "}"), [](Answer& answer) { answer.status = 500; });
  EXPECT_EQ(CompareAnswers(exchange), (Told{Verdict::kStatusDiffers, Reason::kNone, {"status"}}));
  const std::string allowed = Rule(R"({"path": "status", "pairs": [{"legacy": "200", "target": "500"}]})");
  EXPECT_EQ(CompareAnswers(exchange, allowed), Cannot(Reason::kParse)) << "then at the body";
}

TEST(Comparer, ComparesOnlyTheHeadersOfTheList) {
  const Exchange exchange = Change(JsonExchange("{}", "{}"), [](Answer& answer) {
    answer.headers.emplace_back("etag", "x");
    answer.headers.emplace_back("location", "/a");
    answer.trailers.emplace_back("location", "/b");
  });
  EXPECT_EQ(CompareAnswers(exchange), kSame);
  EXPECT_EQ(CompareAnswers(exchange, R"({"headers": ["location"]})"), Differs({"header:location", "trailer:location"}));
  EXPECT_EQ(CompareAnswers(exchange, R"({"headers": ["location"], "rules": [{"path": "header:location", "ignore": true},
    {"path": "trailer:location", "ignore": true}]})"),
            kAfterRules);
}

TEST(Comparer, JoinsAHeaderThatComesTwice) {
  const auto with = [](std::vector<std::string> values) {
    Answer answer = JsonAnswer("{}");
    for (std::string& value : values) answer.headers.emplace_back("vary", std::move(value));
    return answer;
  };
  const std::string compare = R"({"headers": ["vary"]})";
  EXPECT_EQ(CompareAnswers({with({"a", "b"}), with({"a, b"})}, compare), kSame);
  EXPECT_EQ(CompareAnswers({with({"a", "b"}), with({"b", "a"})}, compare), Differs({"header:vary"}));
  EXPECT_EQ(CompareAnswers({with({""}), with({})}, compare), Differs({"header:vary"})) << "empty is not absent";
}

TEST(Comparer, SaysWhoDidNotAnswer) {
  const Answer answer = JsonAnswer("{}");
  const auto verdict = [](const Exchange& exchange) { return CompareAnswers(exchange); };
  EXPECT_EQ(verdict({answer, Failure::kError}).verdict, Verdict::kTargetError);
  EXPECT_EQ(verdict({answer, Failure::kTimeout}).verdict, Verdict::kTargetTimeout);
  EXPECT_EQ(verdict({Failure::kTimeout, answer}), Cannot(Reason::kLegacyTimeout));
  EXPECT_EQ(verdict({Failure::kError, Failure::kError}), Cannot(Reason::kLegacyError)) << "says nothing about the target";
}

TEST(Comparer, DoesNotGuessWhatWasCutOff) {
  const Exchange exchange = Change(JsonExchange("{}", "{}"), [](Answer& answer) { answer.truncated = true; });
  EXPECT_EQ(CompareAnswers(exchange), Cannot(Reason::kTruncated));
  EXPECT_EQ(CompareAnswers(exchange, Rule(R"({"path": "$", "ignore": true})")), kAfterRules);
  const Exchange other = Change(exchange, [](Answer& answer) { answer.headers[0].second = "text/plain"; });
  EXPECT_EQ(CompareAnswers(other), Differs({"header:content-type"})) << "what differs does so anyway";
}

TEST(Comparer, ComparesOtherBodiesAsBytes) {
  const auto text = [](std::string type, std::string body) {
    return Answer{200, {{"content-type", std::move(type)}}, std::move(body), false, {}};
  };
  EXPECT_EQ(CompareAnswers({text("text/html", "a"), text("text/html", "b")}), Differs({"$"}));
  EXPECT_EQ(CompareAnswers({text("text/html", "{\"a\":1}"), text("text/html", "{\"a\": 1}")}), Differs({"$"}));
  EXPECT_EQ(
      CompareAnswers({text("application/problem+json; charset=utf-8", "1"), text("Application/Problem+JSON", "1.0")}, R"({"headers": []})"),
      kSame);
  EXPECT_EQ(CompareJson("", "{}"), Differs({"$"})) << "no body is a difference and no broken JSON";
}

TEST(Comparer, ComparesGrpcByStatusAndBytes) {
  const auto grpc = [](std::string body, http::Headers trailers) {
    return Answer{200, {{"content-type", "application/grpc+proto"}}, std::move(body), false, std::move(trailers)};
  };
  const Answer good = grpc("abc", {{"grpc-status", "0"}});
  EXPECT_EQ(CompareAnswers({good, good}), kSame);
  EXPECT_EQ(CompareAnswers({good, grpc("abc", {{"grpc-status", "5"}})}),
            (Told{Verdict::kStatusDiffers, Reason::kNone, {"trailer:grpc-status"}}));
  EXPECT_EQ(CompareAnswers({good, grpc("abd", {{"grpc-status", "0"}})}), Differs({"$"}));
  Answer only_headers = grpc("abc", {});
  only_headers.headers.emplace_back("grpc-status", "0");
  EXPECT_EQ(CompareAnswers({good, only_headers}), kSame) << "an answer without trailers has it in the headers";
}

TEST(Comparer, GivesTheHashOfItsRules) {
  const auto rules = RulesOf(Rule(R"({"path": "$.a", "ignore": true})"));
  Comparer comparer(rules, {});
  EXPECT_EQ(comparer.Compare(JsonExchange("{}", "{}"), IdMaps(1)).rules_hash, rules->hash());
  EXPECT_EQ(comparer.Compare({JsonAnswer(""), Failure::kError}, IdMaps(1)).rules_hash, rules->hash());
}

TEST(Comparer, RemembersNothingOfTheExchangeBefore) {
  Comparer comparer(RulesOf(Rule(R"({"path": "$.a", "ignore": true})")), {});
  const IdMaps ids(1);
  const Told excused = Tell(comparer.Compare(JsonExchange(R"({"a":1})", R"({"a":2})"), ids));
  const Told different = Tell(comparer.Compare(JsonExchange(R"({"b":1})", R"({"b":2})"), ids));
  const Told same = Tell(comparer.Compare(JsonExchange(R"({"b":1})", R"({ "b":1})"), ids));
  EXPECT_EQ(excused, kAfterRules);
  EXPECT_EQ(different, Differs({"$.b"}));
  EXPECT_EQ(same, kSame);
}

}  // namespace
}  // namespace softmig::compare::testing
