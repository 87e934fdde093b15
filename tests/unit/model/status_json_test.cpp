#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "model/codec.hpp"
#include "model/limits.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

/// Draws random statuses within the schema's bounds.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  Status DrawStatus() {
    Status status;
    status.observed_generation = Number(1000) - 1;
    status.attempt = Number(100);
    status.phase = static_cast<Phase>(Number(7));
    status.current_weight = static_cast<int>(Number(101));
    for (auto i = Number(4); i > 0; --i) status.components.push_back(DrawComponent());
    for (auto i = Number(3); i > 0; --i) status.routes.push_back({Text(), Text(), R"({"rules":["\"ü"]})"});
    for (auto i = Number(3); i > 0; --i) status.drift.push_back({Text(), static_cast<int>(Number(9)), Time(), Time()});
    if (Coin()) status.last_rollback = DrawRollback();
    if (Coin()) status.last_decision = DrawDecision();
    for (auto i = Number(8); i > 0; --i) {
      status.conditions.push_back({Text(), static_cast<ConditionStatus>(Number(3)), Number(99), Time(), Text(), Text()});
    }
    status.evidence_hash = Text();
    if (Coin()) status.checkpoint = {Time(), {{Text(), Text(), Number(1'000'000), Text()}, {Text(), Text(), 0, Text()}}};
    return status;
  }

 private:
  std::int64_t Number(std::int64_t below) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below)); }
  bool Coin() { return Number(2) == 1; }
  WallTime Time() { return WallTime(base::Millis(Number(4'000'000'000'000))); }
  std::optional<WallTime> MaybeTime() { return Coin() ? std::optional(Time()) : std::nullopt; }
  std::optional<double> MaybeDouble() {
    return Coin() ? std::optional(std::ldexp(static_cast<double>(random_()), static_cast<int>(Number(200)) - 120)) : std::nullopt;
  }

  std::string Text() {
    static const char* kPieces[] = {"a", "Z", "0", "-", "ä", "…", "\"", "\\", "/", "😀", " "};
    std::string text;
    for (auto i = Number(12); i > 0; --i) text += kPieces[Number(std::size(kPieces))];
    return text;
  }

  ComponentStatus DrawComponent() {
    ComponentStatus component{
        Text(), static_cast<Phase>(Number(7)), static_cast<int>(Number(33)) - 1, *base::Percent::Make(Number(101)), MaybeTime(), Text(), {},
        Coin()};
    for (auto i = Number(4); i > 0; --i) {
      const auto samples = Coin() ? std::optional(Number(std::numeric_limits<std::int64_t>::max())) : std::nullopt;
      component.metrics.push_back(
          {Text(), static_cast<Verdict>(Number(7)), MaybeDouble(), samples, Coin() ? Time() : WallTime{}, Time(), Text()});
    }
    return component;
  }

  RollbackRecord DrawRollback() {
    return {Time(),      Text(),     *base::Percent::Make(Number(101)), Text(), Text(), MaybeDouble(), Text(), MaybeTime(),
            MaybeTime(), MaybeTime()};
  }

  std::optional<EvidenceFigures> DrawFigures() {
    if (Coin()) return std::nullopt;
    EvidenceFigures figures{Number(9), Number(99), 0, Number(2) * 99, Text(), Text()};
    if (figures.legacy_total > 0) figures.legacy_bad = Number(9);
    return figures;
  }

  DecisionRecord DrawDecision() {
    DecisionRecord record{Time(), Text(), Text(), *base::Percent::Make(Number(101)), *base::Percent::Make(Number(101)), {}};
    for (auto i = Number(4); i > 0; --i) {
      record.metrics.push_back({Text(), static_cast<Verdict>(Number(7)), Text(), Text(), DrawFigures(), DrawFigures()});
    }
    return record;
  }

  std::mt19937_64 random_;
};

TEST(StatusJson, IsReadBackAsItWas) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    const Status status = Draw(seed).DrawStatus();
    const std::string text = ToJson(status).dump();
    EXPECT_EQ(ParseStatus(json::parse(text)), status) << "seed " << seed << "\n" << text;
    EXPECT_EQ(ToJson(status).dump(), text);
  }
}

TEST(StatusJson, OfADefaultStatusStillSaysItsNumbers) {
  EXPECT_EQ(ToJson(Status{}).dump(),
            R"({"attempt":0,"components":[],"conditions":[],"currentWeight":0,"observedGeneration":-1,"phase":"Pending"})");
}

TEST(StatusJson, NeverWritesHalfOfTheEvidence) {
  Status status;
  status.checkpoint.records.push_back({"all", "errors", 7, std::string(limits::kEvidenceStateBytes + 1, 'x')});
  EXPECT_FALSE(ToJson(status).contains("checkpoint"));
  status.checkpoint.records.push_back({"all", "latency", 8, std::string(limits::kEvidenceStateBytes, 'x')});
  const json written = ToJson(status)["checkpoint"]["evidence"];
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0]["metric"], "latency");
  EXPECT_EQ(written[0]["state"].get<std::string>().size(), limits::kEvidenceStateBytes);
}

TEST(StatusJson, SaysTimesWithMilliseconds) {
  Status status;
  status.drift.push_back({"web", 1, WallTime(base::Millis(1)), WallTime(base::Millis(1000))});
  const json drift = ToJson(status)["drift"][0];
  EXPECT_EQ(drift["first"], "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(drift["last"], "1970-01-01T00:00:01Z");
}

TEST(StatusJson, LeavesOutNumbersJsonCannotSay) {
  Status status;
  status.components.push_back({});
  status.components[0].metrics.push_back({"m", Verdict::kNaN, std::nan(""), std::nullopt, {}, {}, ""});
  status.components[0].metrics.push_back({"n", Verdict::kPass, INFINITY, std::nullopt, {}, {}, ""});
  const json written = ToJson(status);
  EXPECT_FALSE(written["components"][0]["metrics"][0].contains("value"));
  EXPECT_FALSE(written["components"][0]["metrics"][1].contains("value"));
  EXPECT_EQ(written["components"][0]["metrics"][0]["verdict"], "NaN");
}

/// More of everything than a status may hold, each text of the given bytes over and over.
Status Flooded(const std::string& bytes) {
  std::string text;
  while (text.size() < 5000) text += bytes;
  const WallTime time(base::Millis(1'795'374'600'123));
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const MetricStatus metric{text, Verdict::kUndecided, -std::numeric_limits<double>::max(), most, time, time, text};
  const ComponentStatus component{text, Phase::kRollingBack, 31, base::Percent::Of(100), time, text, std::vector(15, metric), true};
  Status status;
  status.observed_generation = most;
  status.phase = Phase::kRollingBack;
  status.components.assign(20, component);
  status.routes.assign(10, {text, text, ""});
  status.drift.assign(10, {text, std::numeric_limits<int>::max(), time, time});
  status.last_rollback = RollbackRecord{time, text, base::Percent::Of(100), text, text, -1.7976931348623157e308, text, time, time, time};
  status.conditions.assign(20, {text, ConditionStatus::kUnknown, most, time, text, text});
  status.evidence_hash = text;
  return status;
}

TEST(StatusJson, StaysBelow64KiBWhateverIsPutIn) {
  for (const char* bytes : {"x", "\"", "\\", "\n", "\x01", "ü", "😀", "\xff", "\xed\xa0\x80", "a\"😀\x7f"}) {
    const json written = ToJson(Flooded(bytes));
    const std::string text = written.dump();
    EXPECT_LT(text.size(), limits::kStatusBytes) << json(bytes).dump(-1, ' ', false, json::error_handler_t::replace);
    EXPECT_EQ(written["components"].size(), limits::kComponents);
    EXPECT_EQ(written["components"][0]["metrics"].size(), limits::kMetrics);
    EXPECT_EQ(written["conditions"].size(), limits::kConditions);
    EXPECT_EQ(ToJson(ParseStatus(written)).dump(), text) << "writing again cuts no further";
  }
}

TEST(StatusJson, BoundsTheLastDecisionWhateverIsPutIn) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const char* bytes : {"x", "\"", "\n", "\x01", "ü", "😀", "\xff"}) {
    std::string text;
    while (text.size() < 5000) text += bytes;
    const EvidenceFigures figures{most, most, most, most, text, text};
    Status status;
    status.last_decision = DecisionRecord{WallTime(base::Millis(1'795'374'600'123)),
                                          text,
                                          text,
                                          base::Percent::Of(100),
                                          base::Percent::Of(100),
                                          std::vector(15, DecisionMetric{text, Verdict::kUndecided, text, text, figures, figures})};
    const json written = ToJson(status)["lastDecision"];
    EXPECT_LT(written.dump().size(), limits::kDecisionBytes) << written.dump().substr(0, 200);
    EXPECT_EQ(written["metrics"].size(), limits::kMetrics);
    EXPECT_EQ(ToJson(ParseStatus(ToJson(status)))["lastDecision"], written) << "writing again cuts no further";
  }
}

TEST(StatusJson, KeepsAnOrdinaryStatusWhole) {
  Status status;
  status.components.assign(2, {});
  for (auto& component : status.components) {
    component.waiting_for = std::string(500, 'w');
    component.metrics.assign(10, {"m", Verdict::kPass, 1.0, 5, {}, {}, std::string(500, 'e')});
  }
  status.conditions.push_back({"Ready", ConditionStatus::kFalse, 1, {}, "Waiting", std::string(1000, 'm')});
  EXPECT_EQ(ParseStatus(ToJson(status)), status);
}

TEST(StatusJson, NeverCutsASavedRoute) {
  Status status;
  status.routes.push_back({"web", "u", std::string(16384, 's')});
  EXPECT_EQ(ParseStatus(ToJson(status)).routes[0].saved.size(), 16384U);
}

TEST(ParseStatus, OfNonsenseIsTheDefault) {
  for (const json& value : {json(nullptr), json(1), json("x"), json::array({1}), json::object(),
                            json{{"phase", 7}, {"components", "x"}, {"lastRollback", 1}}}) {
    EXPECT_EQ(ParseStatus(value), Status{}) << value;
  }
}

TEST(ParseStatus, KeepsWhatItCanRead) {
  const json edited{
      {"phase", "Shift"},
      {"currentWeight", 900},
      {"attempt", UINT64_MAX},
      {"components", {1, nullptr, {{"name", "all"}, {"phase", "Dancing"}, {"weight", 20}, {"step", 1.5}, {"since", "yesterday"}}}}};
  const Status status = ParseStatus(edited);
  EXPECT_EQ(status.phase, Phase::kShift);
  EXPECT_EQ(status.current_weight, 0);
  EXPECT_EQ(status.attempt, 0);
  ASSERT_EQ(status.components.size(), 1U);
  EXPECT_EQ(status.components[0].weight, base::Percent::Of(20));
  EXPECT_EQ(status.components[0].phase, Phase::kPending);
  EXPECT_EQ(status.components[0].step, -1);
  EXPECT_EQ(status.components[0].since, std::nullopt);
}

TEST(ParseStatus, SurvivesRandomDamage) {
  std::mt19937 random(42);
  const std::vector<json> nonsense{
      nullptr, -1, 1e300, UINT64_MAX, "\xff", json::array(), json::object(), true, json::array({1, json::object()})};
  for (unsigned round = 0; round < 500; ++round) {
    json written = ToJson(Draw(round).DrawStatus());
    const json flat = written.flatten();
    auto item = flat.begin();
    std::advance(item, random() % flat.size());
    json::json_pointer place(item.key());
    for (auto up = random() % 4; up > 0 && !place.empty(); --up) place.pop_back();
    written[place] = nonsense[random() % nonsense.size()];
    const std::string again = ToJson(ParseStatus(written)).dump();
    EXPECT_EQ(ToJson(ParseStatus(json::parse(again))).dump(), again);
  }
}

}  // namespace
}  // namespace softmig::model
