// What a bridge's agents say, as the evidence of a metric: from their answers to the poller's results.
#include <gmock/gmock.h>

#include "unit/reconcile/bridge_world.hpp"

namespace softmig::reconcile {
namespace {

using model::Verdict;
using std::chrono::seconds;

const kube::ObjectKey kKey{"shop", "payments"};
constexpr const char* kFirst = "10.0.5.1";
constexpr const char* kSecond = "10.0.5.2";

json JudgedByBridge(int weight = 0) {
  json migration = BridgeMigrationJson();
  migration["spec"]["analysis"]["metrics"] = {
      {{"name", "answers"}, {"bridge", {{"verdicts", {"differs", "target-error"}}}}, {"zeroDiscrepancies", {{"comparisons", 100}}}}};
  migration["status"]["components"] = {{{"name", "all"}, {"phase", "Shift"}, {"step", weight > 0 ? 0 : -1}, {"weight", weight}}};
  return migration;
}

/// An agent's counts of one component.
struct Counted {
  std::string epoch = "e1";
  int equal = 0, differs = 0, dropped = 0;
  std::string component = "all";
  std::string rules{};
};

http::Response Said(const Counted& counted) {
  json verdicts{{"equal", counted.equal}, {"equal-after-rules", 0}, {"differs", counted.differs}, {"status-differs", 0},
                {"target-error", 0},      {"target-timeout", 0},    {"dropped", counted.dropped}, {"uncomparable", 0}};
  return Answer(200, {{"epoch", counted.epoch},
                      {"components", {{{"name", counted.component}, {"rulesHash", counted.rules}, {"verdicts", std::move(verdicts)}}}}});
}

/// A migration judged by a bridge with two pods. What `agents` lacks does not answer.
class Judged {
 public:
  Judged() {
    world.agent = [this](const http::Request& request) -> std::optional<base::Result<http::Response>> {
      for (const auto& [address, answer] : agents) {
        if (request.url == "http://" + address + ":9902/v1/counts") return answer;
      }
      return base::Result<http::Response>(base::Fail(base::ErrorCode::kUnavailable, "connection refused"));
    };
    Ready({kFirst, kSecond});
    world.agents.Want(kKey, "entrance");
    Want();
  }

  void Ready(const std::vector<std::string>& addresses) { world.cache.slices().OnApplied(WholeSliceJson("entrance", addresses)); }
  void Want(const json& migration = JudgedByBridge()) {
    const Migration projected = ProjectMigration(migration);
    ASSERT_TRUE(projected.errors.empty()) << projected.errors.front().message;
    rules = projected.spec->component_rules.at("all");
    world.poller.Want(kKey, {projected.spec, {"all"}, "1"}, projected.status);
  }
  /// One more second, in which the agents say this.
  Judged& Round(const std::vector<std::pair<std::string, Counted>>& said) {
    agents.clear();
    for (auto [address, counted] : said) {
      if (counted.rules.empty()) counted.rules = rules;
      agents.emplace(address, Said(counted));
    }
    return Round();
  }
  Judged& Round() {
    world.clock.Advance(seconds(1));
    world.agents.AskAll();
    return *this;
  }
  [[nodiscard]] std::optional<analysis::Judgement> Latest() const { return world.poller.Get(kKey).at({"all", "answers"}).latest; }
  [[nodiscard]] Verdict verdict() const { return Latest() ? Latest()->verdict : Verdict::kNoData; }
  [[nodiscard]] analysis::Counts total() const { return world.poller.Get(kKey).at({"all", "answers"}).counts->evidence.total; }

  BridgeWorld world;
  std::map<std::string, http::Response> agents;
  std::string rules;
};

TEST(BridgePoll, CountsOfAllReadyPodsAreOneEvidence) {
  Judged judged;
  judged.Round({{kFirst, {"e1", 1000}}, {kSecond, {"e2", 7}}});
  judged.Round({{kFirst, {"e1", 1060}}, {kSecond, {"e2", 46}}});
  EXPECT_EQ(judged.total(), (analysis::Counts{99, 0}));
  EXPECT_EQ(judged.verdict(), Verdict::kUndecided);
  judged.Round({{kFirst, {"e1", 1061}}, {kSecond, {"e2", 46}}});
  EXPECT_EQ(judged.verdict(), Verdict::kPass);
}

TEST(BridgePoll, NobodyAsksAMetricsSourceForIt) {
  Judged judged;
  judged.world.poller.AskDue();
  EXPECT_EQ(judged.world.poller.queries(), 0U);
}

TEST(BridgePoll, ARoundWithoutAnAnswerIsPassedOverAndInTheNextWindow) {
  Judged judged;
  judged.Round({{kFirst, {"e1", 100}}, {kSecond, {"e2", 100}}});
  judged.Round({{kFirst, {"e1", 110}}});
  EXPECT_EQ(judged.total(), analysis::Counts()) << "the pod that does not answer may be the one that sees the errors";
  EXPECT_EQ(judged.verdict(), Verdict::kUndecided);
  judged.Round({{kFirst, {"e1", 120}}, {kSecond, {"e2", 130}}});
  EXPECT_EQ(judged.total(), (analysis::Counts{50, 0}));
}

TEST(BridgePoll, APodThatGoesOnNotAnsweringIsMissingEvidence) {
  Judged judged;
  judged.Round({{kFirst, {"e1", 100}}, {kSecond, {"e2", 100}}});
  for (int i = 0; i < 15; ++i) judged.Round({{kFirst, {"e1", 100}}});
  EXPECT_EQ(judged.verdict(), Verdict::kUndecided);
  judged.Round({{kFirst, {"e1", 100}}});
  EXPECT_EQ(judged.verdict(), Verdict::kNoData);
  EXPECT_EQ(judged.Latest()->evidence, "bridge: pod 10.0.5.2: connection refused");
  judged.Round({{kFirst, {"e1", 100}}, {kSecond, {"e2", 101}}});
  EXPECT_EQ(judged.verdict(), Verdict::kUndecided);
}

TEST(BridgePoll, SaysAtOnceWhyThereIsNoEvidenceYet) {
  Judged judged;
  judged.Ready({});
  judged.Round({}).Round({});
  EXPECT_EQ(judged.Latest()->evidence, "bridge: no pod of bridge entrance is ready");
  judged.Ready({kFirst});
  const std::vector<std::pair<http::Response, std::string>> cases{
      {Answer(503, {}), "pod 10.0.5.1: the agent answers HTTP 503"},
      {http::Response{200, {}, "no JSON"}, "pod 10.0.5.1: the agent's answer is no JSON"},
      {http::Response{200, {}, std::string(2U << 20U, ' ')}, "pod 10.0.5.1: the agent's answer is no JSON"},
      {http::Response{200, {}, std::string(100'000, '[')}, "pod 10.0.5.1: the agent's answer is no JSON"},
      {Answer(200, {{"routes", "abc"}}), "pod 10.0.5.1: the agent's counts: no epoch"},
      {Said({"e1", 1, 0, 0, "other", judged.rules}), "pod 10.0.5.1 does not compare component all yet"},
      {Said({"e1", 1, 0, 0, "all", "0123"}), "pod 10.0.5.1 does not compare by the present rules yet"},
  };
  for (const auto& [answer, why] : cases) {
    judged.agents = {{kFirst, answer}};
    judged.Round();
    EXPECT_EQ(judged.verdict(), Verdict::kNoData);
    EXPECT_EQ(judged.Latest()->evidence, "bridge: " + why);
  }
}

TEST(BridgePoll, AnAnswerOfAnEarlierRoundIsNoneOfThePresentOne) {
  Judged judged;
  judged.Ready({kFirst});
  judged.world.agent = [](const http::Request&) { return std::nullopt; };  // it is under way for ever
  judged.Round().Round();
  EXPECT_EQ(judged.Latest()->evidence, "bridge: pod 10.0.5.1: no answer within a second");
  EXPECT_EQ(judged.world.rounds.size(), 1U);
}

TEST(BridgePoll, ARestartedAgentBeginsAtZeroAndItsFirstDifferenceCounts) {
  Judged judged;
  judged.Want(JudgedByBridge(10));
  judged.Round({{kFirst, {"e1", 100}}, {kSecond, {"e2", 100}}});
  judged.Round({{kFirst, {"e9", 3, 1}}, {kSecond, {"e2", 100}}});
  EXPECT_EQ(judged.total(), (analysis::Counts{4, 1}));
  EXPECT_EQ(judged.verdict(), Verdict::kBreach);
}

TEST(BridgePoll, WakesForNewsAndOtherwiseOnceAnInterval) {
  std::vector<bool> wakes;
  BridgeWorld world;
  MetricPoller poller(world.metric_transport, world.sources, world.clock,
                      [&](const kube::ObjectKey&, bool breach) { wakes.push_back(breach); });
  json migration = JudgedByBridge(10);
  migration["spec"]["analysis"]["interval"] = "5s";
  const Migration projected = ProjectMigration(migration);
  poller.Want(kKey, {projected.spec, {"all"}, "1"}, projected.status);
  const auto take = [&](double equal, double differs) {
    world.clock.Advance(seconds(1));
    BridgeRound round{world.clock.WallNow()};
    const providers::ComponentVerdicts verdicts{projected.spec->component_rules.at("all"),
                                                {{"equal", equal}, {"differs", differs}, {"target-error", 0}}};
    round.agents.push_back({kFirst, {"e1", {{"all", verdicts}}}});
    poller.Take(kKey, round);
  };
  for (int i = 0; i < 10; ++i) take(i, 0);
  EXPECT_EQ(wakes, (std::vector<bool>{false, false}));
  take(10, 1);
  EXPECT_EQ(wakes, (std::vector<bool>{false, false, true})) << "a breach is told at once";
  poller.Forget(kKey);
  take(11, 1);
  EXPECT_EQ(wakes.size(), 3U);
}

TEST(BridgePoll, GoesOnFromTheCheckpointOfAnotherLeader) {
  Judged judged;
  judged.Want(JudgedByBridge(10));
  judged.Round({{kFirst, {"e1", 100}}, {kSecond, {"e2", 100}}}).Round({{kFirst, {"e1", 150}}, {kSecond, {"e2", 100}}});
  const auto view = judged.world.poller.Get(kKey).at({"all", "answers"}).counts;
  const Migration projected = ProjectMigration(JudgedByBridge(10));
  model::Status status = projected.status;
  status.checkpoint.records.push_back({"all", "answers", 50, analysis::ToText(view->evidence)});
  MetricPoller later(judged.world.metric_transport, judged.world.sources, judged.world.clock, [](const kube::ObjectKey&, bool) {});
  later.Want(kKey, {projected.spec, {"all"}, "1"}, status);
  judged.Round({{kFirst, {"e1", 160}}, {kSecond, {"e2", 101, 1}}});
  later.Take(kKey, judged.world.rounds.back());
  const auto found = later.Get(kKey).at({"all", "answers"});
  EXPECT_EQ(found.counts->evidence.total, (analysis::Counts{62, 1})) << "what nobody looked at is in it";
  EXPECT_EQ(found.latest->verdict, Verdict::kBreach);
}

TEST(BridgePoll, AClockThatIsSetFarBackCostsOneWindow) {
  Judged judged;
  judged.Ready({kFirst});
  judged.Round({{kFirst, {"e1", 100}}}).Round({{kFirst, {"e1", 150}}});
  BridgeRound round = judged.world.rounds.back();
  round.asked_at -= std::chrono::hours(1);
  for (const double equal : {160, 170}) {
    round.asked_at += seconds(1);
    round.agents.front().counts.components.at("all").verdicts["equal"] = equal;
    judged.world.poller.Take(kKey, round);
  }
  EXPECT_EQ(judged.total(), (analysis::Counts{60, 0}));
}

}  // namespace
}  // namespace softmig::reconcile
