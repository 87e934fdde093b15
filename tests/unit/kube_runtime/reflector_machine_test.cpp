#include "kube/runtime/reflector_machine.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"

namespace softmig::kube {
namespace {

using nlohmann::json;
using Kind = ReflectorStep::Kind;

json Object(const std::string& name, const std::string& version) {
  return {{"metadata", {{"namespace", "ns"}, {"name", name}, {"resourceVersion", version}}}};
}

json EndOfSnapshot(const std::string& version) {
  json bookmark = {{"metadata", {{"resourceVersion", version}}}};
  bookmark["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
  return bookmark;
}

base::Error HttpError(base::ErrorCode code, int status) { return {code, "no", status, std::nullopt}; }

/// Writes down what it is told: "R" restart, "+a" applied, "-a" deleted, "S" synced.
class Diary final : public ReflectorSink {
 public:
  void OnRestart() override { text_ += "R "; }
  void OnSynced() override { text_ += "S "; }
  void OnApplied(const json& object) override { text_ += "+" + ParseMeta(object).key.name + " "; }
  void OnDeleted(const json& object) override { text_ += "-" + ParseMeta(object).key.name + " "; }
  std::string Take() { return std::exchange(text_, ""); }

 private:
  std::string text_;
};

class ReflectorMachineTest : public ::testing::Test {
 protected:
  static ReflectorOptions Options() {
    ReflectorOptions options;
    options.type = kHttpRoutes;
    return options;
  }
  bool Has(const ReflectorStep& step, const std::string& part) { return step.query.find(part) != std::string::npos; }
  void Sync(const std::string& version) {
    machine_.Next();
    machine_.OnStreamOpen(diary_);
    EXPECT_TRUE(machine_.OnEvent(WatchEventType::kBookmark, EndOfSnapshot(version), diary_));
    diary_.Take();
  }
  /// The next step that is no wait, and how long was to be waited before.
  ReflectorStep Act(base::Millis* waited = nullptr) {
    ReflectorStep step = machine_.Next();
    if (waited != nullptr) *waited = step.wait;
    if (step.kind == Kind::kWait) step = machine_.Next();
    return step;
  }
  void EndStream(const base::Error& error) { machine_.OnStreamEnd(base::Fail(error), base::Millis(10'000), diary_); }

  Diary diary_;
  ReflectorMachine machine_{Options(), 1};
};

TEST_F(ReflectorMachineTest, TakesAConsistentSnapshotByWatchList) {
  const ReflectorStep step = machine_.Next();
  EXPECT_EQ(step.kind, Kind::kStream);
  EXPECT_TRUE(Has(step, "sendInitialEvents=true") && Has(step, "resourceVersionMatch=NotOlderThan"));
  EXPECT_TRUE(Has(step, "allowWatchBookmarks=true"));
  EXPECT_FALSE(Has(step, "resourceVersion="));
  machine_.OnStreamOpen(diary_);
  EXPECT_TRUE(machine_.OnEvent(WatchEventType::kAdded, Object("a", "90"), diary_));
  EXPECT_TRUE(machine_.OnEvent(WatchEventType::kBookmark, EndOfSnapshot("70"), diary_));
  EXPECT_TRUE(machine_.OnEvent(WatchEventType::kDeleted, Object("a", "95"), diary_));
  EXPECT_EQ(diary_.Take(), "R +a S -a ");
}

TEST_F(ReflectorMachineTest, DoesNotAdvanceTheVersionByEventsOfTheSnapshot) {
  machine_.Next();
  machine_.OnStreamOpen(diary_);
  machine_.OnEvent(WatchEventType::kAdded, Object("a", "90"), diary_);
  machine_.OnEvent(WatchEventType::kBookmark, EndOfSnapshot("70"), diary_);
  machine_.OnStreamEnd({}, base::Millis(400'000), diary_);
  EXPECT_TRUE(Has(machine_.Next(), "resourceVersion=70"));
}

TEST_F(ReflectorMachineTest, GoesOnFromTheLastEventOrBookmarkWithoutWaiting) {
  Sync("70");
  machine_.OnEvent(WatchEventType::kModified, Object("a", "80"), diary_);
  machine_.OnStreamEnd({}, base::Millis(400'000), diary_);
  ReflectorStep step = machine_.Next();
  EXPECT_EQ(step.kind, Kind::kStream);
  EXPECT_TRUE(Has(step, "resourceVersion=80"));
  machine_.OnStreamOpen(diary_);
  machine_.OnEvent(WatchEventType::kBookmark, Object("", "85"), diary_);
  machine_.OnStreamEnd({}, base::Millis(400'000), diary_);
  EXPECT_TRUE(Has(machine_.Next(), "resourceVersion=85"));
  EXPECT_EQ(diary_.Take(), "+a ");
}

TEST_F(ReflectorMachineTest, AsksForTimeOutsBetween290And600Seconds) {
  Sync("1");
  int lowest = 10'000, highest = 0;
  for (int i = 0; i < 300; ++i) {
    machine_.OnStreamEnd({}, base::Millis(400'000), diary_);
    const std::string query = machine_.Next().query;
    const int seconds = std::stoi(query.substr(query.find("timeoutSeconds=") + 15));
    lowest = std::min(lowest, seconds);
    highest = std::max(highest, seconds);
  }
  EXPECT_GE(lowest, 290);
  EXPECT_LE(highest, 600);
  EXPECT_GT(highest - lowest, 100);
}

TEST_F(ReflectorMachineTest, TakesANewSnapshotAfter410AsStatus) {
  Sync("70");
  EndStream(HttpError(base::ErrorCode::kGone, 410));
  const ReflectorStep step = machine_.Next();
  EXPECT_EQ(step.kind, Kind::kStream) << "the first 410 does not wait";
  EXPECT_TRUE(Has(step, "sendInitialEvents=true"));
}

TEST_F(ReflectorMachineTest, TakesANewSnapshotAfter410AsErrorEventAndThenWaits) {
  Sync("70");
  EXPECT_FALSE(machine_.OnEvent(WatchEventType::kError, {{"kind", "Status"}, {"code", 410}}, diary_));
  EXPECT_TRUE(Has(machine_.Next(), "sendInitialEvents=true"));
  machine_.OnStreamOpen(diary_);
  EXPECT_FALSE(machine_.OnEvent(WatchEventType::kError, {{"kind", "Status"}, {"code", 410}}, diary_));
  EXPECT_EQ(machine_.Next().kind, Kind::kWait) << "a second one in a row does";
}

TEST_F(ReflectorMachineTest, RetriesOtherErrorEventsAtTheSameVersionAndGivesUpOnIt) {
  Sync("70");
  for (int i = 1; i < 5; ++i) {
    EXPECT_FALSE(machine_.OnEvent(WatchEventType::kError, {{"code", 500}}, diary_));
    EXPECT_EQ(machine_.Next().kind, Kind::kWait);
    EXPECT_TRUE(Has(machine_.Next(), "resourceVersion=70")) << i;
  }
  EXPECT_FALSE(machine_.OnEvent(WatchEventType::kError, {{"code", 500}}, diary_));
  EXPECT_TRUE(Has(Act(), "sendInitialEvents=true"));
}

TEST_F(ReflectorMachineTest, KeepsTheVersionHoweverLongTheServerIsUnreachable) {
  Sync("70");
  for (int i = 0; i < 50; ++i) {
    EndStream({base::ErrorCode::kUnavailable, "refused", std::nullopt, std::nullopt});
    EXPECT_TRUE(Has(Act(), "resourceVersion=70"));
  }
}

TEST_F(ReflectorMachineTest, BacksOffWithJitterUpToTheCap) {
  Sync("70");
  base::Millis expected{200};
  for (int i = 0; i < 12; ++i) {
    EndStream({base::ErrorCode::kTimeout, "idle", std::nullopt, std::nullopt});
    base::Millis waited{0};
    Act(&waited);
    EXPECT_GE(waited, expected);
    EXPECT_LE(waited, expected * 2);
    expected = std::min(expected * 2, base::Millis(10'000));
  }
  machine_.OnEvent(WatchEventType::kBookmark, Object("", "71"), diary_);
  EXPECT_EQ(machine_.failures(), 0U) << "a sign of life resets";
}

TEST_F(ReflectorMachineTest, SeesAgainWithinASecondOfTheServersReturnHoweverLongItWasAway) {
  Sync("70");
  for (int i = 0; i < 50; ++i) {
    EndStream({base::ErrorCode::kUnavailable, "refused", std::nullopt, std::nullopt});
    base::Millis waited{0};
    Act(&waited);
    EXPECT_LE(waited, base::Millis(1'000));
    EXPECT_GE(waited, base::Millis(200)) << "no hot loop";
  }
}

TEST_F(ReflectorMachineTest, WaitsLessForAServerInTroubleThanForOneThatIsTooBusy) {
  const auto longest = [&](base::ErrorCode code, int status) {
    Sync("70");
    base::Millis most{0};
    for (int i = 0; i < 20; ++i) {
      EndStream(HttpError(code, status));
      base::Millis waited{0};
      Act(&waited);
      most = std::max(most, waited);
      if (machine_.state() != ReflectorState::kWatching) break;
    }
    return most;
  };
  EXPECT_LE(longest(base::ErrorCode::kUnavailable, 503), base::Millis(5'000));
  EXPECT_GT(longest(base::ErrorCode::kThrottled, 429), base::Millis(5'000));
}

TEST_F(ReflectorMachineTest, HonoursRetryAfterOf429) {
  Sync("70");
  base::Error busy = HttpError(base::ErrorCode::kThrottled, 429);
  busy.retry_after_seconds = 33;
  EndStream(busy);
  base::Millis waited{0};
  EXPECT_TRUE(Has(Act(&waited), "resourceVersion=70"));
  EXPECT_EQ(waited, base::Millis(33'000));
}

TEST_F(ReflectorMachineTest, CountsAWatchThatEndsAtOnceWithoutEventAsFailure) {
  Sync("70");
  machine_.OnStreamEnd({}, base::Millis(300), diary_);
  EXPECT_NE(machine_.Next().kind, Kind::kWait) << "this stream had the bookmark";
  machine_.OnStreamOpen(diary_);
  machine_.OnStreamEnd({}, base::Millis(300), diary_);
  EXPECT_EQ(machine_.Next().kind, Kind::kWait);
}

TEST_F(ReflectorMachineTest, FallsBackToPagesWhereWatchListIsRefusedAndStaysThere) {
  for (const int status : {400, 415, 422}) {
    ReflectorMachine machine(Options(), 1);
    machine.Next();
    machine.OnStreamEnd(base::Fail(HttpError(base::ErrorCode::kInvalid, status)), base::Millis(1), diary_);
    ReflectorStep step = machine.Next();
    EXPECT_EQ(step.kind, Kind::kPage) << status;
    EXPECT_EQ(step.query, "limit=500");
    machine.OnPage(json{{"metadata", {{"resourceVersion", "5"}, {"continue", "x y"}}}, {"items", {Object("a", "1")}}}, diary_);
    EXPECT_EQ(machine.Next().query, "limit=500&continue=x%20y");
    machine.OnPage(json{{"metadata", {{"resourceVersion", "6"}}}, {"items", {Object("b", "2")}}}, diary_);
    EXPECT_EQ(diary_.Take(), "R +a +b S ");
    EXPECT_TRUE(Has(machine.Next(), "resourceVersion=6"));
    machine.OnStreamEnd(base::Fail(HttpError(base::ErrorCode::kGone, 410)), base::Millis(1), diary_);
    EXPECT_EQ(machine.Next().kind, Kind::kPage);
  }
}

TEST_F(ReflectorMachineTest, FallsBackWhereAServerIgnoresWatchList) {
  machine_.Next();
  machine_.OnStreamOpen(diary_);
  EXPECT_FALSE(machine_.OnEvent(WatchEventType::kBookmark, Object("", "5"), diary_));
  EXPECT_EQ(machine_.Next().kind, Kind::kPage);
}

TEST_F(ReflectorMachineTest, TakesAnUnknownKindAsEmptyAndLooksAgain) {
  Sync("70");
  EndStream(HttpError(base::ErrorCode::kNotFound, 404));
  EXPECT_EQ(Act().kind, Kind::kPage);
  machine_.OnPage(base::Fail(HttpError(base::ErrorCode::kNotFound, 404)), diary_);
  EXPECT_EQ(diary_.Take(), "R S ");
  EXPECT_TRUE(machine_.absent());
  for (int i = 0; i < 20; ++i) {
    base::Millis waited{0};
    EXPECT_TRUE(Has(Act(&waited), "sendInitialEvents=true"));
    EXPECT_GT(waited, base::Millis(0));
    EXPECT_LE(waited, base::Millis(5'000));
    EndStream(HttpError(base::ErrorCode::kNotFound, 404));
    EXPECT_EQ(machine_.Next().kind, Kind::kPage);
    machine_.OnPage(base::Fail(HttpError(base::ErrorCode::kNotFound, 404)), diary_);
  }
  EXPECT_EQ(diary_.Take(), "") << "said once";
  EXPECT_TRUE(Has(Act(), "sendInitialEvents=true")) << "a 404 does not rule WatchList out";
  machine_.OnStreamOpen(diary_);
  machine_.OnEvent(WatchEventType::kBookmark, EndOfSnapshot("90"), diary_);
  EXPECT_FALSE(machine_.absent());
}

TEST_F(ReflectorMachineTest, RestartsWhereTheSnapshotIsCutShort) {
  machine_.Next();
  machine_.OnStreamOpen(diary_);
  machine_.OnEvent(WatchEventType::kAdded, Object("a", "1"), diary_);
  machine_.OnStreamEnd({}, base::Millis(5'000), diary_);
  EXPECT_TRUE(Has(Act(), "sendInitialEvents=true"));
  machine_.OnStreamOpen(diary_);
  EXPECT_EQ(diary_.Take(), "R +a R ");
}

TEST_F(ReflectorMachineTest, RelistsByPagesAfterAnOverflowOfTheSnapshot) {
  machine_.Next();
  machine_.OnStreamOpen(diary_);
  machine_.OnOverflow(diary_);
  EXPECT_EQ(Act().kind, Kind::kPage);
}

TEST_F(ReflectorMachineTest, RelistsAfterAnUnreadableStreamOrList) {
  Sync("70");
  EndStream({base::ErrorCode::kInvalid, "not json", std::nullopt, std::nullopt});
  EXPECT_TRUE(Has(Act(), "sendInitialEvents=true"));
  EndStream(HttpError(base::ErrorCode::kInvalid, 400));
  EXPECT_EQ(Act().kind, Kind::kPage);
  for (const char* bad : {"[]", "{}", R"({"items":[]})", R"({"items":3,"metadata":{"resourceVersion":"1"}})"}) {
    machine_.OnPage(json::parse(bad), diary_);
    EXPECT_EQ(machine_.Next().kind, Kind::kWait) << bad;
    EXPECT_EQ(machine_.Next().kind, Kind::kPage) << bad;
  }
  machine_.OnPage(json::parse(R"({"items":null,"metadata":{"resourceVersion":"1"}})"), diary_);
  EXPECT_EQ(diary_.Take(), "R S ") << "null is an empty list";
}

TEST_F(ReflectorMachineTest, StartsTheListAnewWhereAContinuationExpired) {
  machine_.Next();
  EndStream(HttpError(base::ErrorCode::kInvalid, 422));
  machine_.Next();
  machine_.OnPage(json{{"metadata", {{"resourceVersion", "5"}, {"continue", "x"}}}, {"items", {Object("a", "1")}}}, diary_);
  EXPECT_EQ(machine_.Next().query, "limit=500&continue=x");
  machine_.OnPage(base::Fail(HttpError(base::ErrorCode::kGone, 410)), diary_);
  EXPECT_EQ(Act().query, "limit=500");
}

TEST_F(ReflectorMachineTest, SendsItsFieldSelectorEverywhere) {
  ReflectorOptions options = Options();
  options.field_selector = "metadata.name=x";
  ReflectorMachine machine(options, 1);
  EXPECT_TRUE(Has(machine.Next(), "&fieldSelector=metadata.name%3Dx"));
  machine.OnStreamEnd(base::Fail(HttpError(base::ErrorCode::kInvalid, 422)), base::Millis(1), diary_);
  EXPECT_TRUE(Has(machine.Next(), "&fieldSelector=metadata.name%3Dx"));
}

}  // namespace
}  // namespace softmig::kube
